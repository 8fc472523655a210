"""Why a PPP session ended, in words: pppd(8), EXIT STATUS."""

AUTHENTICATION, NEGOTIATION = 19, 10

WORDS = {
    0: "ended in order",
    1: "pppd failed; its last words are in the log",
    2: "pppd does not understand its options",
    3: "pppd lacks the rights it needs",
    4: "the kernel has no PPP: load ppp_generic and ppp_async",
    5: "ended by us",
    6: "the port is locked by another program",
    7: "the port cannot be opened",
    8: "the connect script failed",
    9: "the command for the line failed",
    NEGOTIATION: "the network agrees to no addresses (IPCP): APN or pdp_type may be wrong",
    11: "the other side did not say who it is",
    12: "idle",
    13: "its time was over",
    14: "the other side wants to call back",
    15: "the network does not answer any more (LCP echo)",
    16: "the modem hung up",
    17: "the line sends back what we send: the modem has left the call",
    18: "the init script failed",
    AUTHENTICATION: "the network refuses user or password of AT+APN, or [bearer] auth",
}


# Those that are the modem's or the network's affair, and not this machine's: what another start of
# the modem may mend.
OF_THE_CALL = frozenset({0, 10, 11, 15, 16, 17})

# What pppd says before a status that stands for more than one thing.
LINES = {
    "LCP: timeout sending Config-Requests": "the modem says CONNECT and then nothing (LCP)",
    "IPCP: timeout sending Config-Requests": "the network gives no address (IPCP does not answer)",
}


def words(status: int, told: str = "") -> str:
    """What an exit status of pppd means; a negative one is a signal.  ``told``: of LINES."""
    if status == NEGOTIATION and told:
        return told
    if status < 0:
        return f"pppd was killed (signal {-status})"
    return WORDS.get(status, f"pppd ended with status {status}")
