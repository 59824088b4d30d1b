"""What a platform must do, and what it may do."""
