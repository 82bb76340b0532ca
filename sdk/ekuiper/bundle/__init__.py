"""What is shipped: the manifest, the zip, the environment."""
