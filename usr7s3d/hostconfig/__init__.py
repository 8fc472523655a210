"""What the person who installs us writes: /etc/usr7s3d/usr7s3d.toml.

``parse`` turns its text into a HostConfig and all that is wrong with it,
``load`` reads the file first, ``check`` says it in lines for ``--check``.
"""

from usr7s3d.hostconfig.file import check, load
from usr7s3d.hostconfig.kinds import GpioLine, KernelLed
from usr7s3d.hostconfig.model import (
    Bearer,
    Cloud,
    HostConfig,
    Identity,
    Leds,
    Link,
    Modem,
    Pins,
    Rs485,
    Safety,
    Sms,
    Uart,
)
from usr7s3d.hostconfig.parse import Parsed, Problem, parse

__all__ = [
    "Bearer",
    "Cloud",
    "GpioLine",
    "HostConfig",
    "Identity",
    "KernelLed",
    "Leds",
    "Link",
    "Modem",
    "Parsed",
    "Pins",
    "Problem",
    "Rs485",
    "Safety",
    "Sms",
    "Uart",
    "check",
    "load",
    "parse",
]
