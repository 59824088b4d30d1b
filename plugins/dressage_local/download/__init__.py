"""Downloads: several at once, resumed after any end, verified, from mirrors in turn."""

from dressage_local.download.fetching import fetch as fetch
