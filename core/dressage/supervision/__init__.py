"""What owns a run on a machine: its supervisor, its place in the queue, the endpoint that it records to."""
