"""What the verb `pack` shows."""
