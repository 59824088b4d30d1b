"""Storage of a workspace, addressed by content: datasets, models and source directories; compute targets by name."""
