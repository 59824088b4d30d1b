"""How long hypothesis searches for an order of calls that fails."""

from hypothesis import settings

QUICK = settings(max_examples=40, stateful_step_count=20, deadline=None, derandomize=True, database=None)
LONG = settings(max_examples=300, stateful_step_count=40, deadline=None, database=None)
