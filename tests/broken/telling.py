"""What is asserted of every command that meets a broken plugin."""

import json
import re

from tests.broken.commandline import Told


def check_is_named(told: Told) -> None:
    """The command failed with one line that names the plugin."""
    errors = [line for line in told.stderr.splitlines() if line.startswith("error: ")]
    assert (told.returncode, len(errors)) == (1, 1), told
    assert re.search(r"plugin 'shaky' \(shaky_[a-z]+ 1\.2\) failed in", errors[0]), told
    check_is_clean(told)


def check_is_clean(told: Told) -> None:
    """There is no traceback, and what was asked for as JSON is JSON."""
    assert "Traceback" not in told.stdout + told.stderr, told.stderr
    if "json" in told.args:
        assert not told.stdout or json.loads(told.stdout) is not None
    if "jsonl" in told.args:
        assert all(json.loads(line) for line in told.stdout.splitlines())
