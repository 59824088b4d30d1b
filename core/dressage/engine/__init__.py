"""Planning a run, carrying the plan out, and following it."""
