"""Pure parts of the data path: bytes and the time in, events out."""
