"""Refusals in MLflow's format: an HTTP status and {"error_code", "message"}."""


class RefusedError(Exception):
    """A request cannot be fulfilled."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def missing(what: str) -> RefusedError:
    return RefusedError(404, "RESOURCE_DOES_NOT_EXIST", what)


def exists(what: str) -> RefusedError:
    return RefusedError(400, "RESOURCE_ALREADY_EXISTS", what)


def invalid(what: str) -> RefusedError:
    return RefusedError(400, "INVALID_PARAMETER_VALUE", what)
