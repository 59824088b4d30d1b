"""Azure's machine sizes: which have a GPU, which are retired and replaced by which, and their prices.

Source of the retirements: Azure's 'Retired Azure VM sizes' and 'Previous generations of virtual machine sizes'.
"""

import csv
import re
from pathlib import Path

from dressage.errors import SettingsError
from dressage.specs.compute import Accelerator

DEFAULT: dict[Accelerator, str] = {"gpu": "Standard_NC4as_T4_v3", "cpu": "Standard_DS3_v2"}
PRICES = Path(__file__).with_name("prices.csv")
PRICES_OF = "East US, Linux, pay as you go, as of 2025"
_RETIRED = (  # pattern of the size, the series, when it was retired, its successor
    (r"NC(6|12|24)r?s_v2", "NCv2", "2023-09", "Standard_NC4as_T4_v3"),
    (r"NC(6|12|24)r?s_v3", "NCv3", "2025-09", "Standard_NC4as_T4_v3"),
    (r"NC(6|12|24r?)", "NC", "2023-09", "Standard_NC4as_T4_v3"),
    (r"ND(6|12|24)r?s", "ND", "2023-09", "Standard_NC24ads_A100_v4"),
    (r"ND40rs_v2", "NDv2", "2025-09", "Standard_ND96asr_v4"),
    (r"NV(6|12|24)", "NV", "2023-09", "Standard_NV6ads_A10_v5"),
    (r"NV(12|24|48)s_v3", "NVv3", "2026-09", "Standard_NV6ads_A10_v5"),
    (r"NV(4|8|16|32)as_v4", "NVv4", "2026-09", "Standard_NV6ads_A10_v5"),
)


def check_offered(size: str) -> None:
    """Raise SettingsError for a retired size; the message names its successor."""
    for pattern, series, retired, successor in _RETIRED:
        if re.fullmatch(rf"(standard_)?{pattern}(_promo)?", size, re.IGNORECASE):
            raise SettingsError(
                f"size {size!r} belongs to series {series}, which Azure retired in {retired}; use {successor}"
            )


def accelerator_of(size: str) -> Accelerator:
    """Return the accelerator of a size, from its name: sizes with GPUs start with N."""
    return "gpu" if re.match(r"(standard_)?N[CDGV]", size, re.IGNORECASE) else "cpu"


def find_price(size: str, table: Path | None) -> float | None:
    """Return the price in US dollars per node and hour, or None if the table does not list the size.

    Raises SettingsError for an invalid table.
    """
    path = table or PRICES
    try:
        with path.open(newline="", encoding="utf-8") as file:
            prices = {row["size"].lower(): float(row["usd_per_hour"]) for row in csv.DictReader(file)}
    except OSError as error:
        raise SettingsError(f"prices {str(path)!r}: {error.strerror}; give a CSV file") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingsError(
            f"prices {str(path)!r} is not a price table ({error}); give a CSV file with the header size,usd_per_hour"
        ) from error
    return prices.get(size.lower())
