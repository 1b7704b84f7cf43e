"""Memory pressure: frames are short, so somebody else has to give some up.

Knows: who may lose its frames and in which order. Does not know: how pages leave (`pager.py`), what they are needed for.
Whole processes are evicted; their tokens stay, and they come back by swap or by recompute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import lanes, pager, segments, thinking
from .errors import OutOfMemory
from .process import Process
from .victims import Candidate, by_name

if TYPE_CHECKING:
    from .kernel import Kernel


def make_room(kernel: Kernel, process: Process, needed: int) -> bool:
    """Evict others until `needed` more frames are there. False: the process has to wait, or got OutOfMemory."""
    enough = kernel.memory.available() + needed
    if segments.release(kernel, enough):
        return True
    busy = kernel.work.processes
    others = [p for p in kernel.processes.values() if p.space.held() and p is not process and p not in busy]
    victims = [p for p in others if p.lane < 0 or p.pid > process.pid]  # the elder goes on: two never chase each other
    if not victims:
        if not busy and not others:
            _out_of_memory(kernel, process, needed)
        return False
    order = by_name(kernel.victims)
    victims.sort(key=lambda p: (p.lane >= 0, order(_candidate(p)), p.pid))
    for victim in victims:
        if kernel.memory.available() >= enough:
            break
        if victim.lane >= 0:
            lanes.preempt(kernel, victim)
        pager.evict(kernel, victim, process.pid)
    return True


def _candidate(p: Process) -> Candidate:
    return Candidate(p.pid, p.account.last, p.account.born, p.priority, p.space.held(), p.space.resident)


def _out_of_memory(kernel: Kernel, process: Process, needed: int) -> None:
    message = (
        f"{process.program} (pid {process.pid}) has {len(process.space.tokens)} tokens and needs {needed} frames "
        f"more; all {kernel.memory.total} are its own or too few, and nobody else holds one to take"
    )
    kernel.emit("oom", process.pid, message)
    thinking.abandon(kernel, process, OutOfMemory(message))
