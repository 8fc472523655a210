"""The mobile bearer with its real ways to the world.

Imported when there is to be a modem: it costs 1 MB.
"""

import random
from functools import partial
from pathlib import Path

from usr7s3d.devices.modemport import open_modem_port
from usr7s3d.devices.pppclient import session
from usr7s3d.devices.revive import Hands
from usr7s3d.devices.route import traffic
from usr7s3d.devices.state import Store
from usr7s3d.devices.thread import in_thread
from usr7s3d.devices.uevents import plugs
from usr7s3d.devices.usb import find
from usr7s3d.hostconfig import HostConfig
from usr7s3d.services.mobile.finder import Outside
from usr7s3d.services.mobile.modem import Modem
from usr7s3d.services.mobile.phone import Phone
from usr7s3d.services.mobile.ppp import Ppp
from usr7s3d.services.mobile.recovery import Recovery
from usr7s3d.services.mobile.unlock import Notebook
from usr7s3d.services.mobile.uplink import Kit, MakeDial
from usr7s3d.settings.model import Apn


def kit(config: HostConfig, store: Store, runtime: Path, apn: Apn, dialer: MakeDial) -> Kit:
    """The modem that ``config`` names and what belongs to it.

    ``store`` keeps what must be known after a restart.
    """
    outside = Outside(
        find=partial(find, config.modem),
        open_port=open_modem_port,
        plugs=plugs,
        in_thread=in_thread,
        jitter=random.random,
    )
    modem = Modem(config, Notebook(store, in_thread), outside)
    hands = Hands(config.modem, runtime, open_modem_port, in_thread)
    (runtime / "reboot").unlink(missing_ok=True)  # asked for before we started
    recovery = Recovery(config.modem, modem, hands, store, in_thread)
    modem.rescue = recovery.rescue
    if config.bearer.kind != "ppp":
        return Kit(modem, recovery)
    ppp = Ppp(
        config.bearer,
        apn,
        Phone(modem, open_modem_port),
        open_session=session,
        make_dial=partial(dialer, config),
        jitter=random.random,
        live_bytes=traffic,
        sms_gap=config.modem.sms_gap_s,
    )
    ppp.refused, ppp.connected = recovery.refused, recovery.connected
    return Kit(modem, recovery, ppp)
