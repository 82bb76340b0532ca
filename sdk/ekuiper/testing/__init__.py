"""For plugin authors: run a plugin's symbols in a test."""
