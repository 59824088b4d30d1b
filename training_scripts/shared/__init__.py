"""What the training scripts beside this package share. It needs numpy only, and nothing of dressage."""
