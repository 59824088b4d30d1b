"""Errors of MLflow, sorted: a refusal concerns one value; everything else may work later."""

import contextlib

from mlflow.exceptions import MlflowException

REFUSALS = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_ALREADY_EXISTS", "INVALID_STATE")


class ProblemError(Exception):
    """A call failed. kind: "unreachable", "context" or "refused"."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


@contextlib.contextmanager
def translate_errors():
    """Turn any other error into a ProblemError of the kind "unreachable"."""
    try:
        yield
    except ProblemError:
        raise
    except Exception as error:
        raise ProblemError("unreachable", describe(error)) from error


def describe(error):
    """Say why a call failed: for a network error, only the system's reason, because MLflow's text is long."""
    innermost = error
    while innermost.__cause__ or innermost.__context__:
        innermost = innermost.__cause__ or innermost.__context__
    if isinstance(error, MlflowException) and isinstance(innermost, OSError) and innermost.strerror:
        return f"no connection ({innermost.strerror}); check the address, and that the server is running"
    return shorten(error)


def is_refusal(error):
    return isinstance(error, MlflowException) and error.error_code in REFUSALS


def shorten(error):
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
