"""What a recipe asks for, and the settings and configuration that it is asked with."""
