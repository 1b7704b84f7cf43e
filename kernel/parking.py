"""Parking: a whole process leaves its lane and its frames, and stays away until it is called back.

Knows: that a parked process is a stopped one whose pages are in the page file. Does not know: how pages move (`pager.py`),
how a process is stopped (`signals.py`). To swap it out is not enough: it would take its pages back at its next turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import guard, pager, signals
from .errors import BadCall, NoSuchProcess
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel


def park(kernel: Kernel, pid: int) -> None:
    """Stop a process and write all its pages to the page file. What finds no room there stays in RAM."""
    process = _other(kernel, pid)
    signals.send(kernel, process, "STOP", "parked")
    held = process.space.held()
    pager.swap_out(kernel, process)
    kernel.emit("parked", pid, held - process.space.held(), process.space.held())


def unpark(kernel: Kernel, pid: int) -> None:
    """Let it go on; its pages come back when it next runs."""
    process = _other(kernel, pid)
    if process.state is not State.STOPPED:
        raise BadCall(f"pid {pid} is not parked: it is {process.state}")
    away = len(process.space.missing())
    signals.send(kernel, process, "CONT", "unparked")
    kernel.emit("unparked", pid, away)


def _other(kernel: Kernel, pid: int) -> Process:
    process = kernel.processes.get(pid)
    if process is None or process.state is State.ZOMBIE:
        raise NoSuchProcess(f"no process {pid}")
    if pid == 1:
        raise BadCall("pid 1 can't be parked: it is the one that everybody waits for")
    return process


def sys_park(kernel: Kernel, process: Process, pid: int) -> object:
    """Park another process, or oneself, until somebody calls it back. Takes the right to kill it."""
    from .calls import LATER

    guard.permit(kernel, process, "kill", str(pid))
    park(kernel, pid)
    return None if process.state is State.WOKEN else LATER


def sys_unpark(kernel: Kernel, process: Process, pid: int) -> None:
    guard.permit(kernel, process, "kill", str(pid))
    unpark(kernel, pid)
