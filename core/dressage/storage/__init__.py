"""Bytes by content: datasets, models and source folders of a workspace."""
