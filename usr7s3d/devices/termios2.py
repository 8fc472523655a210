"""The kernel's own calls for the settings of a tty, from <asm-generic/termbits.h>.

The only ones that know rates without a B constant, which three of the manual's thirteen are.  They
also set everything at once, and leave out what the driver lacks where tcsetattr(3) says EINVAL: a
PTY holds neither parity nor 7 bits.
"""

import struct

TCGETS2, TCSETS2 = 0x802C542A, 0x402C542B
TERMIOS2 = struct.Struct("4I 20s 2I")  # i, o, c, l flags; characters; rates in and out
