#!/usr/bin/env python3
"""A pppd that follows a script instead of a line: for tests of what stands round it.

    pppd TTY OPTIONS...

The user names what to do: "up" prints what pppd prints and stays until SIGTERM, "deaf" stays
through SIGTERM too, "flood" never stops to talk, "hangup" comes up and loses the line, "auth" is
refused.  It leaves its command line, its pid and the password it read in TTY.log.
"""

import json
import os
import signal
import sys
from pathlib import Path

UP = """\
Using interface ppp0
Connect: ppp0 <--> {tty}
local  IP address 10.64.64.65
remote IP address 10.64.64.64
primary   DNS address 10.64.64.1
secondary DNS address 10.64.64.2
"""


def option(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


def main() -> int:
    tty, user = sys.argv[1], option("user")
    with open(int(option("passwordfd"))) as password:
        seen = {"argv": sys.argv[1:], "pid": os.getpid(), "password": password.read()}
    Path(tty + ".log").write_text(json.dumps(seen))
    if user == "auth":
        print("CHAP authentication failed")
        return 19
    if user == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))  # pppd's status after a signal
    print(UP.format(tty=tty), end="", flush=True)
    if user == "hangup":
        print("Modem hangup")
        return 16
    while user == "flood":
        print("rcvd [LCP EchoReq id=0x1 magic=0x2a]" * 4, flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
