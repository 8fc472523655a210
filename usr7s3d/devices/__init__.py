"""The only code that opens anything."""
