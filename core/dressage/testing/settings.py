"""Settings of recipes and options of platforms: complete and documented."""

from collections.abc import Iterable

from dressage.specs.settings import Setting


def check_declared(settings: Iterable[Setting]) -> None:
    """Fail the test if a setting has no help, or a help that is not one line for users."""
    for setting in settings:
        what = f"{setting.name} ({setting.help!r})"
        assert setting.help.strip(), f"setting {setting.name!r} has no help; give setting(..., help='...')"
        assert "\n" not in setting.help, f"the help of {what} has several lines"
        assert not setting.help.strip().endswith("."), f"the help of {what} ends with a full stop"
        assert setting.help.strip().lower() != setting.name.replace("_", " "), (
            f"the help of {what} is its name"
        )
