"""What everything about files needs: locks, whole writes, digests, values as JSON."""
