"""An arm64 machine in QEMU with the UARTs of a Raspberry Pi, and nothing but Python on it.

``virt`` has a PL011 (/dev/ttyAMA0) and a GPIO chip of eight lines; ``raspi3b`` has the mini UART
(/dev/ttyS1).  That UART is ``board.uart`` here, a socket that carries the bytes of the line.
Commands go through tests/vm/agent.py on another tty.
"""

import base64
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.vm.guest import BOOT_TIME, Wire, answer
from tests.vm.machine import ENVIRONMENT, Machine, Result

CHUNK = 32 * 1024  # bytes of a file in one line
MACHINES = {
    "virt": (
        ["-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "768", "-nodefaults"],
        "agent=/dev/hvc0 console=tty0",
    ),
    "raspi3b": (
        ["-M", "raspi3b", "-m", "1G", "-smp", "4"],
        "agent=/dev/ttyAMA0 console=tty0 8250.nr_uarts=2",
    ),
}


def _with(files: Path, initrd: Path) -> str:
    """``initrd`` with ``files`` behind it: the kernel unpacks one archive after the other."""
    whole = files.with_suffix(".initrd")
    packing = "find . -print0 | cpio -0 -o -H newc --quiet | gzip -1"
    archive = subprocess.check_output(["sh", "-c", packing], cwd=files)
    whole.write_bytes(initrd.read_bytes() + archive)
    return str(whole)


class Board(Machine):
    """Boots an initrd; what it changes there is lost."""

    def __init__(self, image: Path, kind: str, files: Path) -> None:
        """``files`` is a tree that is laid over that of the image."""
        initrd = _with(files, image / "initrd")
        self._monitor, self._agent, uart = Wire(), Wire(), Wire()
        self.uart = uart.ours
        theirs = [wire.theirs for wire in (self._monitor, self._agent, uart)]
        arguments, words = MACHINES[kind]
        self._qemu = subprocess.Popen(
            [
                *("nice", "qemu-system-aarch64", *arguments),
                *("-accel", "tcg,thread=multi", "-no-user-config", "-display", "none"),
                *("-no-reboot", "-kernel", f"{image}/vmlinuz", "-initrd", initrd),
                *("-append", f"quiet panic=-1 mitigations=off nokaslr rdinit=/init {words}"),
                *self._monitor.chardev("monitor"),
                *("-mon", "chardev=monitor,mode=control"),
                *self._agent.chardev("agent"),
                *uart.chardev("uart"),
                *self._ttys(image, kind),
            ],
            pass_fds=[end.fileno() for end in theirs],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        for end in theirs:
            end.close()
        self._monitor_lines = self._monitor.ours.makefile("r")
        self._agent_lines = self._agent.ours.makefile("rb")
        try:
            self.monitor("qmp_capabilities")
            self._wait_for_agent()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _ttys(image: Path, kind: str) -> list[str]:
        if kind == "virt":
            console = ["-device", "virtio-serial-pci", "-device", "virtconsole,chardev=agent"]
            return ["-serial", "chardev:uart", *console]
        dtb = ["-dtb", f"{image}/bcm2837-rpi-3-b.dtb"]
        return ["-serial", "chardev:agent", "-serial", "chardev:uart", *dtb]

    def monitor(self, command: str, **arguments: object) -> Any:
        """Ask QEMU."""
        request = {"execute": command, "arguments": arguments}
        self._monitor.ours.sendall(json.dumps(request).encode() + b"\n")
        return answer(self._monitor_lines)

    def human(self, line: str) -> None:
        """Ask QEMU as a person does."""
        self.monitor("human-monitor-command", **{"command-line": line})

    def attempt(self, command: str, timeout: float = 60.0) -> Result:
        """Run a shell command as root."""
        words = "".join(f"export {name}='{value}'; " for name, value in ENVIRONMENT.items())
        self._agent.ours.settimeout(timeout)
        said = self._ask(command=words + command)
        return Result(said["status"], base64.b64decode(said["output"]).decode(errors="replace"))

    def put(self, path: str, content: bytes) -> None:
        """Write a file."""
        more: dict[str, object] = {}
        for start in range(0, max(len(content), 1), CHUNK):
            text = base64.b64encode(content[start : start + CHUNK]).decode()
            self._ask(path=path, content=text, **more)
            more = {"more": True}

    def _ask(self, **request: object) -> dict[str, Any]:
        self._agent.ours.sendall(json.dumps(request).encode() + b"\n")
        said: dict[str, Any] = json.loads(self._agent_lines.readline())
        return said

    def _wait_for_agent(self) -> None:
        end = time.monotonic() + BOOT_TIME
        while b"ready" not in self._agent_lines.readline():  # the kernel may have a word before
            assert self._qemu.poll() is None, "QEMU has ended"
            assert time.monotonic() < end

    def close(self) -> None:
        """Pull the plug."""
        os.killpg(self._qemu.pid, signal.SIGKILL)
        self._qemu.wait(20)
        for end in (self._monitor.ours, self._agent.ours, self.uart):
            end.close()
        self._monitor_lines.close()
        self._agent_lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
