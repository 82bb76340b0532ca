"""What `ekuiper check` shows."""
