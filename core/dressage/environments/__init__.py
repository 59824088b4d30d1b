"""Environments that are built on this machine, or on one that shares its file system."""
