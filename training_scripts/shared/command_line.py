"""The command line of a training script: numbers among its arguments, and errors in one line."""

import argparse
import sys
from collections.abc import Callable

from shared.problems import InputError


def run(train: Callable[[], None]) -> int:
    """Train, and return the exit code. An error that the user can correct is printed in one line."""
    try:
        train()
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or 'outputs'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def parse_positive(text: str) -> int:
    return _parse_number(text, 1, 2**31 - 1)


def parse_seed(text: str) -> int:
    return _parse_number(text, 0, 2**32 - 1)


def _parse_number(text: str, least: int, most: int) -> int:
    number = int(text) if text.isdecimal() else -1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return number
