"""The parts of `ekuiper bench`."""
