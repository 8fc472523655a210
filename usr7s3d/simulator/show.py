"""What a person sees of a demo: each line says who, which way, and what."""

import os
import sys

WIDTH = 96  # characters of one line of bytes
COLOURS = {
    "host": "36", "server": "32", "phone": "35", "usr7s3d": "2", "modem": "2", "$": "33", "#": "1",
}  # fmt: skip
PLAIN, RESET = "", "\x1b[0m"


class Show:
    """Prints lines; in colour on a terminal."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        # A terminal that cannot show an arrow shows a question mark.
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]

    def scene(self, title: str) -> None:
        """A heading."""
        self._print("#", f"\n== {title}")

    def sent(self, who: str, where: str, data: bytes) -> None:
        """``who`` has written ``data`` to ``where``."""
        self._print(who, f"{who:<7} → {where:<5} {readable(data)}")

    def came(self, who: str, where: str, data: bytes) -> None:
        """``who`` has read ``data`` from ``where``."""
        self._print(who, f"{who:<7} ← {where:<5} {readable(data)}")

    def logged(self, line: str) -> None:
        """A line of the daemon's log."""
        self.noted("usr7s3d", line)

    def noted(self, who: str, text: str) -> None:
        """What ``who`` remarks, on one line or several."""
        for line in text.splitlines():
            self._print(who, f"{who:<7} | {line}")

    def typed(self, command: str) -> None:
        """A command as a person would type it."""
        self._print("$", f"$ {command}")

    def say(self, text: str) -> None:
        """Anything else."""
        self._print("", text)

    def _print(self, kind: str, text: str) -> None:
        colour = COLOURS.get(kind, PLAIN)
        if self._colour and colour:
            head, line, rest = text.partition("\n\n")
            text = f"\x1b[{colour}m{head}{RESET}{line}{rest}"
        print(text, flush=True)


def readable(data: bytes) -> str:
    """``data`` on one line: text as it is, CR, LF and other bytes as in a Python string."""
    text = ascii(data.decode("latin-1"))[1:-1].replace("\\'", "'")
    if len(text) <= WIDTH:
        return text
    return f"{text[: WIDTH // 2]} ... {text[-WIDTH // 3 :]}  ({len(data)} bytes)"
