"""The modem with its real ways to the world.  Imported when there is to be one: it costs 1 MB."""

import random
from functools import partial

from usr7s3d.devices.modemport import open_modem_port
from usr7s3d.devices.thread import in_thread
from usr7s3d.devices.uevents import plugs
from usr7s3d.devices.usb import find
from usr7s3d.hostconfig import HostConfig
from usr7s3d.services.modem import Modem, Outside
from usr7s3d.services.unlock import Notebook, Store


def modem(config: HostConfig, store: Store) -> Modem:
    """The modem that ``config`` names; ``store`` keeps what must be known after a restart."""
    outside = Outside(
        find=partial(find, config.modem),
        open_port=open_modem_port,
        plugs=plugs,
        in_thread=in_thread,
        jitter=random.random,
    )
    return Modem(config, Notebook(store, in_thread), outside)
