"""A Debian with Debian's kernel in QEMU, with serial hardware to plug and unplug.

    /dev/ttyS1     a 16550, here ``guest.uart``
    /dev/ttyUSB*   FTDI adapters, from ``plug`` on: 0 and 1 are here ``guest.usb[n]``,
                   2 and 3 are joined to each other by a cable, 4 is here ``guest.carrier``

Each is a socket that carries the bytes of the line.  Commands go through Debian's qemu-guest-agent.
KVM is not to be had everywhere, so this emulates: everything takes about ten times as long.
"""

import base64
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.vm.machine import ENVIRONMENT, Machine, Result

BOOT_TIME = 180.0  # s; 20 usual
INSTALL = 600.0  # s for apt; 40 usual
CHUNK = 48 * 1024  # bytes of a file that the agent takes at once
KERNEL = "root=/dev/vda rw quiet console=ttyS0 mitigations=off nokaslr net.ifnames=0 panic=-1"


class Wire:
    """One end of a pair of sockets; QEMU has the other."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.settimeout(BOOT_TIME)

    def chardev(self, name: str) -> list[str]:
        """Arguments for QEMU that give the other end a name."""
        return _chardev(name, self.theirs)


def _chardev(name: str, end: socket.socket) -> list[str]:
    return ["-chardev", f"socket,id={name},fd={end.fileno()}"]


class Guest(Machine):
    """Boots a disk image; what it changes there is lost."""

    def __init__(self, image: Path, console: Path) -> None:
        self._monitor, self._agent, uart = Wire(), Wire(), Wire()
        usb, cable, carrier = [Wire(), Wire()], Wire(), Wire()
        self.uart = uart.ours
        self.usb = [wire.ours for wire in usb]
        self.carrier = carrier.ours
        wires = (self._monitor, self._agent, uart, *usb, cable, carrier)
        theirs = [wire.theirs for wire in wires]
        theirs.append(cable.ours)
        self._qemu = subprocess.Popen(
            [
                *(
                    "nice",
                    "qemu-system-x86_64",
                    "-M",
                    "pc",
                    "-cpu",
                    "Nehalem",
                    "-smp",
                    "2",
                    "-m",
                    "512",
                ),
                *(
                    "-accel",
                    "tcg,thread=multi",
                    "-nodefaults",
                    "-no-user-config",
                    "-display",
                    "none",
                ),
                *("-no-reboot", "-kernel", f"{image}/vmlinuz", "-initrd", f"{image}/initrd"),
                *("-append", KERNEL, "-serial", f"file:{console}"),
                *("-drive", f"file={image}/disk,if=virtio,format=raw,snapshot=on,cache=unsafe"),
                *("-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
                *self._monitor.chardev("monitor"),
                *("-mon", "chardev=monitor,mode=control"),
                *self._agent.chardev("agent"),
                *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
                *uart.chardev("uart"),
                *("-device", "isa-serial,chardev=uart,index=1"),
                *("-device", "qemu-xhci,id=xhci,p2=8,p3=8"),
                *(usb[0].chardev("usb0") + usb[1].chardev("usb1")),
                *(cable.chardev("usb2") + _chardev("usb3", cable.ours) + carrier.chardev("usb4")),
            ],
            pass_fds=[end.fileno() for end in theirs],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        for end in theirs:
            end.close()
        self._monitor_lines = self._monitor.ours.makefile("r")
        self._agent_lines = self._agent.ours.makefile("r", errors="replace")
        try:
            self.monitor("qmp_capabilities")
            self._wait_for_agent()
            self.run("systemctl is-system-running --wait || :", BOOT_TIME)
        except BaseException:
            self.close()
            raise

    # -- hardware ----------------------------------------------------------------------------------

    def plug(self, port: int) -> None:
        """Plug an FTDI adapter in."""
        self.monitor(
            "device_add",
            driver="usb-serial",
            id=f"ftdi{port}",
            chardev=f"usb{port}",
            bus="xhci.0",
            port=str(port + 1),
            serial=f"FTDI{port}",
            **{"always-plugged": True},
        )

    def unplug(self, port: int) -> None:
        """Pull it out."""
        self.monitor("device_del", id=f"ftdi{port}")

    def monitor(self, command: str, **arguments: object) -> Any:
        """Ask QEMU."""
        request = {"execute": command, "arguments": arguments}
        self._monitor.ours.sendall(json.dumps(request).encode() + b"\n")
        return answer(self._monitor_lines)

    # -- commands ----------------------------------------------------------------------------------

    def attempt(self, command: str, timeout: float = 60.0) -> Result:
        """Run a shell command as root."""
        environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        script = f"exec 2>&1\n{command}"
        arguments = {"path": "/bin/sh", "arg": ["-c", script], "env": environment}
        pid = self._ask("guest-exec", **arguments, **{"capture-output": True})["pid"]
        end, pause = time.monotonic() + timeout, 0.05
        while time.monotonic() < end:
            state = self._ask("guest-exec-status", pid=pid)
            if state["exited"]:
                output = base64.b64decode(state.get("out-data", "")).decode(errors="replace")
                return Result(state.get("exitcode", -state.get("signal", 0)), output)
            time.sleep(pause)
            pause = min(2 * pause, 0.5)
        raise TimeoutError(f"not within {timeout} s: {command}")

    def put(self, path: str, content: bytes) -> None:
        """Write a file."""
        handle = self._ask("guest-file-open", path=path, mode="w")
        for start in range(0, len(content), CHUNK):
            text = base64.b64encode(content[start : start + CHUNK]).decode()
            self._ask("guest-file-write", handle=handle, **{"buf-b64": text})
        self._ask("guest-file-close", handle=handle)

    def _ask(self, command: str, **arguments: object) -> Any:
        request = {"execute": command, "arguments": arguments}
        self._agent.ours.sendall(json.dumps(request).encode() + b"\n")
        return answer(self._agent_lines)

    def _wait_for_agent(self) -> None:
        """Until the agent has opened its port, QEMU throws away what we send to it."""
        agent = self._agent.ours
        ping = json.dumps({"execute": "guest-sync", "arguments": {"id": 0}}).encode() + b"\n"
        for _ in range(int(BOOT_TIME)):
            assert self._qemu.poll() is None, "QEMU has ended"
            agent.sendall(ping)
            if select.select([agent], [], [], 1.0)[0]:
                break
        agent.sendall(ping.replace(b": 0", b": 1"))
        while answer(self._agent_lines) != 1:
            pass

    # -- the end -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Pull the plug."""
        os.killpg(self._qemu.pid, signal.SIGKILL)
        self._qemu.wait(20)
        for end in (self._monitor.ours, self._agent.ours, self.uart, *self.usb, self.carrier):
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


def answer(lines: Iterator[str]) -> Any:
    """The next answer; greetings and events are passed over."""
    for line in lines:
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"]["desc"])
        if "return" in answer:
            return answer["return"]
    raise ConnectionError("the machine has gone")
