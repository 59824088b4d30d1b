"""What a recipe describes: dataset, compute, environment and model; and the settings and the configuration."""
