"""Retired Azure machine sizes, including those in the article, and their successors.

Source: Azure's 'Retired Azure VM sizes' and 'Previous generations of virtual machine sizes'.
"""

import re

from dressage import SettingsError

_RETIRED = (  # pattern of the size, the series, when it was retired, its successor
    (r"NC(6|12|24)r?s_v2", "NCv2", "2023-09", "Standard_NC4as_T4_v3"),
    (r"NC(6|12|24)r?s_v3", "NCv3", "2025-09", "Standard_NC4as_T4_v3"),
    (r"NC(6|12|24r?)", "NC", "2023-09", "Standard_NC4as_T4_v3"),
)


def check_offered(size: str) -> None:
    """Raise SettingsError for a retired size; the message names its successor."""
    for pattern, series, retired, successor in _RETIRED:
        if re.fullmatch(rf"(standard_)?{pattern}(_promo)?", size, re.IGNORECASE):
            raise SettingsError(
                f"setting vm_size is {size!r}, but Azure retired its series {series} in {retired}; use {successor}"
            )
