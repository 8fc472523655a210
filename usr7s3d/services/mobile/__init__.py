"""The modem, the data call over it, and what brings both back."""
