"""The hooks of plugins; finding, loading and calling plugins."""
