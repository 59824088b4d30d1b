"""The error for invalid input."""


class InputError(Exception):
    """An error that the user can correct. Its message says what is wrong, with which value, and what to do."""
