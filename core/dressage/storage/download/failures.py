"""Why a download does not succeed. Each is handled in this package."""


class RefusedError(Exception):
    """The address does not provide the file: try another address."""


class TransientError(Exception):
    """An error after which a retry may succeed. wait_s: how long the server asks clients to wait."""

    def __init__(self, reason: str, wait_s: float = 0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ChangedError(Exception):
    """Two answers do not belong to the same file: it has changed, or the server does not serve ranges correctly."""


class StoppedError(Exception):
    """The caller has stopped the download."""
