"""The parts of `ekuiper run`."""
