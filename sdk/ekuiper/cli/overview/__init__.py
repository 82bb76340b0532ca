"""How plugins are, as people read it."""
