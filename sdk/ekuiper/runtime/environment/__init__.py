"""The environment of a packed plugin, made on the host from the wheels in the pack."""
