"""The AT command language: one table, one engine. Pure."""
