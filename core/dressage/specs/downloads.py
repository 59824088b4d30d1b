"""The limits of downloads: how slow a server may be, and how long a file may take."""

from dataclasses import dataclass

from dressage.specs.settings import setting

TABLE = "downloads"


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """What `[downloads]` in a settings file may contain."""

    min_bytes_per_second: float = setting(
        100.0, help="slowest speed of a connection, over stall_seconds; 0 for any speed", minimum=0
    )
    stall_seconds: float = setting(
        30.0, help="how long a connection may be silent or too slow before it is closed", minimum=0.1
    )
    timeout_seconds: float | None = setting(
        None, help="how long the download of one file may take; none for any time", minimum=0.1
    )


DEFAULT_LIMITS = DownloadLimits()
