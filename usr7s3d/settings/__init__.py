"""What the module remembers: names, values, four levels. Pure."""
