"""One task each: joins a core to a device."""
