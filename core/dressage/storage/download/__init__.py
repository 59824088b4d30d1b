"""Downloads: several at once, resumed after any end, verified, from mirrors in turn."""

from dressage.storage.download.fetching import fetch as fetch
