"""Projects and symbols that the command writes for an author to go on from."""
