"""What is written to a settings file is read back as it was."""

import tomllib

import pytest

from dressage import SettingsError
from dressage.specs.settings_file import platform_lines


@pytest.mark.parametrize("value", ['a "b" \\ c', "é𝄞", "", 5, 0.1, 1e300, True])
def test_a_value_is_read_back_as_it_was(value: object):
    assert tomllib.loads(platform_lines("lab", {"x": value}))["platforms"]["lab"] == {"x": value}


def test_none_is_written_as_the_word_that_stands_for_it():
    assert tomllib.loads(platform_lines("lab", {"x": None}))["platforms"]["lab"] == {"x": "none"}


def test_a_name_with_a_dot_is_one_key():
    assert tomllib.loads(platform_lines("my.lab", {"x": 1}))["platforms"] == {"my.lab": {"x": 1}}


@pytest.mark.parametrize("text", ["a\nb", "\x7f", "\udce9"])
def test_text_that_cannot_be_written_is_refused(text: str):
    with pytest.raises(SettingsError, match="cannot be written to a settings file"):
        platform_lines("lab", {"x": text})
