"""Refusals, as MLflow's clients know them: an HTTP status and {"error_code", "message"}."""


class RefusedError(Exception):
    """What a client asked for cannot be done."""

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
