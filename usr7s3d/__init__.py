"""A Raspberry Pi, a USB modem and a UART HAT as a USR-GPRS232-7S3 module."""

import sys

__version__ = "0.1.0"

# Debian has no gsmmodem: the package carries one here (debian/rules), for nobody else to see.
sys.path += [f"{folder}/vendor" for folder in __path__]
