"""The ways in which a plugin may break. They are implemented in plugins/."""

MODULES = (
    "raises_on_import",
    "raises_our_error_on_import",
    "lacks_a_dependency",
    "exits_on_import",
    "misspells_a_hook",
    "takes_wrong_arguments",
)
"""Plugins that cannot be loaded, of any kind."""
CALLS = (
    "raises",
    "raises_what_ends_a_pipe",
    "raises_what_is_no_exception",
    "raises_late",
    "exits",
    "returns_42",
    "returns_none",
    "takes_nothing",
)
"""What a broken hook or method does."""
