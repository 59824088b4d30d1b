"""Addresses as logs and messages may show them."""

import pytest

from dressage.environments.redaction import without_credentials

LAB = {"lab": "https://me:pw@packages.lab:443/t0ken/simple/"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at https://me:pw@a/b, no", "at https://a/b, no"),
        ("at https://me:p@w@a/b?c", "at https://a/b?c"),
        ("(http://token@a)", "(http://a)"),
        ("git+https://me:pw@a/b.git@v1", "git+https://a/b.git@v1"),
        ("`https://packages.lab/t0ken/simple/six/`", "`<lab>/six`"),
        ("https://me:****@PACKAGES.lab/t0ken/simple", "<lab>"),
        ("https://packages.lab/t0ken/files/six.whl", "<lab>/..."),
        ("https://packages.lab/t0ken/simple/six?key=1", "<lab>/six"),
        ("no address: a@b", "no address: a@b"),
    ],
)
def test_what_is_secret_is_left_out(text: str, shown: str):
    assert without_credentials(text, LAB) == shown
