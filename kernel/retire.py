"""Retiring: what the CPU ran is written into the accounts, and each sampled token is looked at once.

Knows: retired bursts, accounts, the policy's charge. Does not know: what a token means (`thinking.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import guard, mapping, pager, thinking
from .cpu import Burst, Cause, Retired
from .errors import KernelError
from .process import Process

if TYPE_CHECKING:
    from .kernel import Kernel

STOPS = tuple(cause.name for cause in Cause)
"""The name of each cause, by its number."""


def retire_tokens(kernel: Kernel) -> None:
    """Retire every burst of the tick, and draw the tick into the timeline."""
    work = kernel.work
    assert len(work.retired) == len(work.bursts), "a burst without an answer"
    for i, process in enumerate(work.processes):
        _retire(kernel, process, work.bursts[i], work.retired[i])
    for lane, running in enumerate(kernel.lanes):
        kernel.timeline[lane].append(running.pid if running else 0)


def _retire(kernel: Kernel, process: Process, burst: Burst, retired: Retired) -> None:
    space, page = process.space, kernel.geometry.page
    if space.maps and mapping.filled(kernel, process, burst, retired):
        return
    pager.attended(kernel, process, burst, retired.mass)
    if space.work is not None and pager.faulted(process, burst, retired):
        process.account.ran += 1
        process.account.faults += 1
        process.account.last = kernel.tick
        process.stop = Cause.FAULT.name
        return
    full = space.resident // page
    space.resident += retired.fed
    _charge(kernel, process, burst, retired)
    process.stop = STOPS[retired.cause]
    if space.resident // page > full:
        kernel.memory.publish(space)
    thought, ids = process.thought, retired.ids
    if ids and thought is not None:
        if retired.top:
            process.top = retired.top[-1]
            kernel.learn(token for token, _ in process.top)
        kernel.learn(ids)
        kernel.emit("retire", process.pid, ids)
        for token in ids:
            thinking.retire(kernel, process, thought, token)
    elif retired.cause == Cause.MACHINE_CHECK:
        thinking.abandon(kernel, process, KernelError("machine check: the CPU produced no finite number"))


def _charge(kernel: Kernel, process: Process, burst: Burst, retired: Retired) -> None:
    """The account of the process, of the machine, and of the policy."""
    account, resident, high, written = process.account, process.space.resident, process.high, len(retired.ids)
    again = (resident if resident < high else high) - burst.pos
    if again > 0:
        account.recomputed += again
    if resident > high:
        process.high = resident
    read = 0
    if len(burst.feed) > 1:
        account.prefilled += retired.fed
        kernel.prefilled += retired.fed
        read = retired.fed - max(0, again)  # losing its frames is not its fault
    account.decoded += written
    if process.limits:
        guard.spend(process, "tokens", written)
    kernel.decoded += written
    account.ran += 1
    account.last = kernel.tick
    kernel.policy.charge(process.pid, written, read)
