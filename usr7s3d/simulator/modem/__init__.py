"""A modem with a SIM and a network behind it, without hardware.

    daemon <-- tty --> wire, shell  |  machine, commands/, network  |  prompt <-- person

The middle is pure: bytes, a person's words and the time in, events out.  How one make differs from
another stands in text files, ``known/*.txt``.
"""
