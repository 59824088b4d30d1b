"""Records: a run's journal, record and request; the workspace, its index, and run lookup."""
