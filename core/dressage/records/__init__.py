"""One run's journal, record and request; the workspace, its index, and finding a run in it."""
