"""Telephone numbers, compared as people mean them."""

WHOLE = 8  # digits that are enough: the same phone is 0151..., 49151... and +49151...
SHOWN = 4  # digits of a number that a log may show


def same_number(one: str, other: str) -> bool:
    """Whether both reach the same phone: their last 8 digits agree; shorter ones as a whole."""
    one, other = one.removeprefix("+"), other.removeprefix("+")
    if min(len(one), len(other)) < WHOLE:
        return one == other != ""
    return one[-WHOLE:] == other[-WHOLE:]


def masked(number: str) -> str:
    """Enough to tell two phones apart, too little to call one."""
    digits = number.removeprefix("+")
    if not digits.isdecimal():
        return "a name" if digits else "nobody"
    return f"..{digits[-SHOWN:]}" if len(digits) > SHOWN else digits
