"""Helpers for files: locks, atomic writes, folders, digests, JSON."""
