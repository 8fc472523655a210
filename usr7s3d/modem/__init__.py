"""What the modem says and is told: lines, dialogues, SMS, ports.  Pure: bytes and time in."""
