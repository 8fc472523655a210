"""Tells systemd how we are (sd_notify(3)); elsewhere says nothing."""

import os
import time

import sdnotify


class Notifier:
    """The notification socket.  Never blocks and never fails: systemd may be gone."""

    def __init__(self) -> None:
        # Without the variable sdnotify opens a socket all the same, and forgets it.
        self._systemd = sdnotify.SystemdNotifier() if "NOTIFY_SOCKET" in os.environ else None
        if self._systemd and self._systemd.socket:
            self._systemd.socket.setblocking(False)
        self._status = ""

    def _say(self, text: str) -> None:
        if self._systemd:
            self._systemd.notify(text)

    @property
    def watchdog(self) -> float | None:
        """Seconds within which systemd wants a sign of life, or None."""
        microseconds = os.environ.get("WATCHDOG_USEC", "")
        mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        return int(microseconds) / 1e6 if mine and microseconds.isdigit() else None

    def status(self, text: str) -> None:
        """One line for ``systemctl status``; sent when it is new.  ASCII, or systemd drops it."""
        if text != self._status:
            self._status = text
            self._say("STATUS=" + text.encode("ascii", "replace").decode())

    def ready(self) -> None:
        """Start or reload is complete."""
        self._say("READY=1")

    def reloading(self) -> None:
        """A reload has begun."""
        self._say(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._say("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._say("WATCHDOG=1")

    def close(self) -> None:
        """Let the socket go."""
        if self._systemd and self._systemd.socket:
            self._systemd.socket.close()
