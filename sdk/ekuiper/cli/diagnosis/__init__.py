"""What is right and wrong with this machine, as people read it."""
