"""What more than one verb of the command uses."""
