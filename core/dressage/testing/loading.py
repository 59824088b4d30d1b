"""Whether a plugin is found and can be loaded, as users see it in `dressage plugins list`."""

from typing import Literal

from dressage import Engine


def check_loaded(
    engine: Engine, kind: Literal["recipe", "platform", "policy", "observer"], name: str
) -> None:
    """Fail the test if the plugin is not found, cannot be loaded or does not state its contract."""
    found = [status for status in engine.plugin_statuses() if (status.kind, status.name) == (kind, name)]
    known = sorted(status.name for status in engine.plugin_statuses() if status.kind == kind)
    assert found, (
        f"no {kind} {name!r} is installed (known: {', '.join(known)}); install it: uv pip install -e ."
    )
    assert found[0].error is None, found[0].error
    assert found[0].contract is not None, (
        f"{kind} {name!r} does not state its contract: DRESSAGE_CONTRACT = 1"
    )
