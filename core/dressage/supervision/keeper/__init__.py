"""The keeper of a queue: the process that holds what waiting runs need, and starts each run in its turn."""
