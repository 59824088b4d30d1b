"""Read TOML that users wrote."""

from typing import Any


def read_toml(text: str) -> dict[str, Any]:
    """Parse TOML. Raises tomllib.TOMLDecodeError, also for what Python cannot read for other reasons."""
    import tomllib  # 1 ms, and most folders have no file in TOML

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise tomllib.TOMLDecodeError("it is nested too deeply") from error
    except ValueError as error:  # such as a number with thousands of digits, or a 13th month
        raise tomllib.TOMLDecodeError(str(error)) from error
