"""The other side of the wire, to run the daemon on a laptop.  Knows nothing of its code."""
