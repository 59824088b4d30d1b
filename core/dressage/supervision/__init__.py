"""Supervision of a run on a machine: its supervisor, the queue, and the tracking endpoint."""
