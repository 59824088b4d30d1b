"""How dressage was installed, so that a hint says the command that works there."""

import sys
from importlib.util import find_spec
from pathlib import Path


def extra_command(extra: str, prefix: Path | None = None) -> str:
    """Return the command that adds an extra of dressage to the environment that it runs in.

    prefix: the folder of that environment; that of this interpreter by default.
    """
    return f"{_installer(prefix or Path(sys.prefix))} 'dressage[{extra}]'"


def _installer(prefix: Path) -> str:
    """Return the start of the command: of the tool that made the environment, else of pip."""
    is_temporary = any(part.startswith(("archive-v", "environments-v")) for part in prefix.parts)
    commands = (
        ((prefix / "uv-receipt.toml").exists(), "uv tool install"),
        (any(prefix.glob("lib/python3*/site-packages/_uv_ephemeral_overlay.pth")), "uv run --with"),
        (is_temporary, "uvx --with"),
        ((prefix / "pipx_metadata.json").exists(), "pipx install --force"),
        (prefix.name == ".venv" and (prefix.parent / "uv.lock").exists(), "uv add"),
        (find_spec("pip") is None, f"uv pip install --python {prefix}"),
    )
    return next((command for holds, command in commands if holds), f"{sys.executable} -m pip install")
