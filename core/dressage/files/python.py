"""Start one of the project's modules in another Python process."""

import sys
from collections.abc import Iterable


def command_of_module(module: str) -> list[str]:
    """Return the command that calls `main` of a module with our interpreter and our sys.path.

    Python starts without `site`, which takes time.
    """
    return [sys.executable, "-S", *arguments_of_module(module, sys.path)]


def arguments_of_module(module: str, path: Iterable[str]) -> list[str]:
    """Return the arguments for a Python interpreter that calls `main` of a module. path: comes first in sys.path."""
    return ["-c", _BOOTSTRAP.format(module=module), "\n".join(filter(None, path))]


_BOOTSTRAP = """\
import sys
sys.path[:0] = sys.argv.pop(1).split("\\n")
from {module} import main
main()
"""
