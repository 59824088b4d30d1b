"""The protocols that a platform implements, and helpers for platforms."""
