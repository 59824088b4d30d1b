"""Results: versions, statuses, metrics, plans, events, and their differences."""
