"""Deadlock: processes that wait for each other, and for nobody else. It is detected and named, not broken.

Knows: who waits for whom. Does not know: how to get out; the person does, with a signal. A process can go on when it does not
wait, when it waits for something outside (a device, a key, the clock), or when one of those it waits for can go on. What is
left can't: Silberschatz, 8.6, with "one of" for "all of".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel


def look(kernel: Kernel) -> None:
    """Report deadlocked processes, once."""
    stuck = find(kernel)
    if stuck and stuck != kernel.stuck:
        story = "; ".join(f"pid {p} waits for {_told(kernel.processes[p].why)}" for p in stuck)
        kernel.emit("deadlock", stuck[0], stuck, story)
    kernel.stuck = stuck


def _told(why: str) -> str:
    """What somebody waits for, in words: "pipe:1:r" is the reader's end of pipe 1."""
    if not why.startswith("pipe:"):
        return why
    _, number, side = why.split(":")
    return f"{'words' if side == 'r' else 'room'} in pipe {number}"


def find(kernel: Kernel) -> tuple[int, ...]:
    """The processes that can never go on by themselves, by number."""
    waiting = {p.pid: _helpers(kernel, p) for p in kernel.processes.values() if p.state is State.BLOCKED}
    stuck = {pid: helpers for pid, helpers in waiting.items() if helpers is not None}
    moved = True
    while moved:
        free = [pid for pid, helpers in stuck.items() if any(h not in stuck for h in helpers or ())]
        for pid in free:
            del stuck[pid]
        moved = bool(free)
    return tuple(stuck)


def _helpers(kernel: Kernel, process: Process) -> list[int] | None:
    """Those who could wake it; None when something outside can."""
    why = process.why
    if not why.startswith(("a child", "child ", "a message", "room in", "pipe:")):
        return None
    living = [p for p in kernel.processes.values() if p.state is not State.ZOMBIE and p is not process]
    if why == "a child":
        return [p.pid for p in living if p.ppid == process.pid]
    if why.startswith("child "):
        return [p.pid for p in living if p.pid == int(why[6:])]
    if why == "a message":
        return [p.pid for p in living if p.pid != 1]
    if why.startswith("room in the mailbox of "):
        return [int(why.rsplit(" ", 1)[1])]
    other = why[:-1] + ("w" if why.endswith("r") else "r")
    return [p.pid for p in living if other in p.channels.values()]
