"""The other side of the wire: a real eKuiper over REST, or one played on this machine."""
