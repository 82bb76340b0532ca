"""What plugins wrote into kuiperd's log, as people read it."""
