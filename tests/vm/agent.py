"""Runs commands in a machine that has nothing else: the argument is the tty they come on.

A line of JSON in, one out.  It runs under the machine's own Python, so it imports nothing of ours.
"""

import base64
import json
import subprocess
import sys
import tty


def main(path: str) -> None:
    with open(path, "r+b", buffering=0) as line:
        tty.setraw(line.fileno())
        answer(line, {"ready": True})
        buffer = b""
        while True:
            buffer += line.read(4096)
            while b"\n" in buffer:
                request, _, buffer = buffer.partition(b"\n")
                answer(line, carry_out(json.loads(request)))


def carry_out(request: dict[str, str]) -> dict[str, object]:
    if "path" in request:
        with open(request["path"], "ab" if "more" in request else "wb") as file:
            file.write(base64.b64decode(request["content"]))
        return {}
    result = subprocess.run(
        ["/bin/busybox", "sh", "-c", request["command"]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return {"status": result.returncode, "output": base64.b64encode(result.stdout).decode()}


def answer(line: object, words: dict[str, object]) -> None:
    line.write(json.dumps(words).encode() + b"\n")  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(sys.argv[1])
