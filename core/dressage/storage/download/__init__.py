"""Downloads: parallel, resumable, verified, with mirrors."""

from dressage.storage.download.fetching import fetch as fetch
