"""Hooks, finding the plugins that fill them, and asking them."""
