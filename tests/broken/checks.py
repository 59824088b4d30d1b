"""Checks of commands that meet a broken plugin."""

import json
import re

from tests.broken.commandline import Result


def check_is_named(result: Result) -> None:
    """Assert that the command failed with one line that names the plugin."""
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert (result.returncode, len(errors)) == (1, 1), result
    assert re.search(r"plugin 'shaky' \(shaky_[a-z]+ 1\.2\) failed in", errors[0]), result
    check_is_clean(result)


def check_is_clean(result: Result) -> None:
    """Assert that there is no traceback, and that JSON output is valid."""
    assert "Traceback" not in result.stdout + result.stderr, result.stderr
    if "json" in result.args:
        assert not result.stdout or json.loads(result.stdout) is not None
    if "jsonl" in result.args:
        assert all(json.loads(line) for line in result.stdout.splitlines())
