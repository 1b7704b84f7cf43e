"""The laws of the machine, between two ticks, as code.

Knows: all kernel state. Changes nothing. Tests call it after every step; the machine when it is idle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import mail, pipes
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel


def check(kernel: Kernel) -> None:
    """AssertionError names the law that is broken."""
    segments = [segment.space for segment in kernel.segments.values()]
    kernel.memory.check([*(p.space for p in kernel.processes.values()), *segments])
    for lane, process in enumerate(kernel.lanes):
        assert process is None or (process.lane == lane and process.state is State.RUNNING), "a lane out of step"
    for process in kernel.processes.values():
        _check_process(kernel, process)
    pipes.check(kernel)
    mail.check(kernel)
    counted: dict[int, int] = {}
    for process in kernel.processes.values():
        if process.state is not State.ZOMBIE:
            counted[process.group] = counted.get(process.group, 0) + 1
    assert counted == kernel.groups, "jobs are miscounted"
    ready = sum(p.state is State.READY for p in kernel.processes.values())
    assert ready == kernel.policy.waiting(), "the ready queue and the states differ"


def _check_process(kernel: Kernel, p: Process) -> None:
    assert (p.state is State.RUNNING) == (p in kernel.lanes), f"pid {p.pid} is {p.state} off its lane"
    assert (p.state in (State.READY, State.RUNNING)) <= (p.thought is not None), f"pid {p.pid} runs without a thought"
    assert p.state is not State.ZOMBIE or not p.space.frames, f"zombie {p.pid} holds frames"
    assert p.state is not State.WOKEN or p in kernel.woken, f"pid {p.pid} woken but not queued"
