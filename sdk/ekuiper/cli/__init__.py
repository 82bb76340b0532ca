"""The ekuiper command: one verb per file."""
