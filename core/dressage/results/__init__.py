"""What there is: versions, statuses, metrics, plans, events, and how two of a kind differ."""
