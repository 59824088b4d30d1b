"""What a user can put right, told in one line."""


class InputError(Exception):
    """Says what is wrong, with which value, and what to do next."""
