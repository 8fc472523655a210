"""Nothing to do: how often does the bridge wake up all the same?"""

import time
from collections.abc import Iterable
from contextlib import ExitStack

from bench import kernel
from bench.bridges import Bridge
from bench.plan import Plan
from bench.session import Cores, running


def idle(bridges: Iterable[Bridge], plan: Plan, cores: Cores) -> dict[str, dict[str, float]]:
    """All at once: they are idle, so none disturbs another."""
    with ExitStack() as stack:
        sessions = {b.name: stack.enter_context(running(b, cores=cores)) for b in bridges}
        time.sleep(1)  # the work of the start is over
        before = {name: kernel.usage(session.pid) for name, session in sessions.items()}
        time.sleep(plan.idle_seconds)
        result = {}
        for name, session in sessions.items():
            used = kernel.usage(session.pid).since(before[name])
            result[name] = {
                "wakes_per_s": used.waits / plan.idle_seconds,
                "cpu_us_per_s": used.cpu * 1e6 / plan.idle_seconds,
            }
    return result
