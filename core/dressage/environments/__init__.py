"""Building environments on a machine within reach."""
