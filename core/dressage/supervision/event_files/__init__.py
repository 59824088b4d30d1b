"""TensorBoard's event files below a script's working directory become metrics of its run."""
