"""The life of a process: it is made, waits, is woken, ends, and is reaped.

Knows: the process table and who is whose child. Does not know: lanes and policies beyond leaving them, what a call means.
Read next: `calls.py`, which serves fork, wait and exit with these.
"""

from __future__ import annotations

from heapq import heappush
from typing import TYPE_CHECKING, Any

from . import guard, lanes
from .errors import BadCall, KernelError, LimitReached, NoSuchProgram
from .labels import Ring
from .limits import MAX_PROCESSES
from .memory import AddressSpace
from .process import Process, State
from .workingset import build

if TYPE_CHECKING:
    from .kernel import Kernel


def create(
    kernel: Kernel, ppid: int, program: str, args: tuple[Any, ...], seed: int, space: AddressSpace | None, ring: Ring
) -> Process:
    """A new process; raises NoSuchProgram or LimitReached."""
    if program not in kernel.programs:
        raise NoSuchProgram(f"no program {program!r}; installed: {', '.join(kernel.programs)}")
    if len(kernel.processes) >= MAX_PROCESSES:
        raise LimitReached(f"{MAX_PROCESSES} processes exist already")
    try:
        coroutine = kernel.programs[program](*args)
    except TypeError as e:
        raise BadCall(str(e)) from None
    pid = kernel.next_pid
    kernel.next_pid += 1
    process = Process(pid, ppid, program, args, coroutine, space or _space(kernel), seed, ring)
    process.account.born = kernel.tick
    process.high = process.space.resident
    kernel.processes[pid] = process
    guard.born(kernel, process)
    kernel.emit("spawn", pid, ppid, program, args)
    process.move(State.WOKEN)
    kernel.woken.append(process)
    return process


def _space(kernel: Kernel) -> AddressSpace:
    """An empty context, with the working set that the machine was booted for."""
    config = kernel.config
    return AddressSpace(work=build(config.window, config.replacement, config.pins), trace=bool(config.trace))


def wake(kernel: Kernel, process: Process, result: Any) -> None:
    """The call a process waits for is done; its program goes on in the traps phase."""
    process.result = result
    process.move(State.WOKEN)
    kernel.woken.append(process)


def fail(kernel: Kernel, process: Process, error: KernelError) -> None:
    """The call a process waits for can't be done; its program gets the error."""
    process.error = error
    wake(kernel, process, None)


def sleep(kernel: Kernel, process: Process, ticks: int) -> None:
    due = kernel.tick + ticks
    process.move(State.BLOCKED, f"sleep until {due}")
    heappush(kernel.sleepers, (due, process.pid))


def children(kernel: Kernel, pid: int) -> list[Process]:
    return [p for p in kernel.processes.values() if p.ppid == pid]


def end(kernel: Kernel, process: Process, status: int, value: Any, why: str = "") -> None:
    """The process is over: everything it held goes back, its children go to init, its parent may be waiting."""
    if process.state is State.READY:
        kernel.policy.remove(process.pid)
    kernel.policy.forget(process.pid)
    lanes.leave(kernel, process)
    kernel.console.forget(process.pid)
    kernel.requests.forget_all(process.pid)
    guard.forget(kernel, process.pid)
    if process.space.trace:
        kernel.emit("references", process.pid, process.program, tuple(process.space.trace))
    kernel.memory.drop(process.space)
    process.move(State.ZOMBIE, why or f"exit {status}")
    process.status, process.value, process.thought = status, value, None
    process.account.ended = kernel.tick
    process.coroutine.close()
    kernel.emit("exit", process.pid, status, value, why)
    for child in children(kernel, process.pid):
        child.ppid = 1
    _tell_parent(kernel, process)


def _tell_parent(kernel: Kernel, process: Process) -> None:
    parent = kernel.processes.get(process.ppid)
    if parent is None or parent.state is State.ZOMBIE:
        if process.ppid in (0, 1):
            reap(kernel, process)
    elif parent.state is State.BLOCKED and parent.why in ("a child", f"child {process.pid}"):
        wake(kernel, parent, (process.pid, process.status))
        reap(kernel, process)


def reap(kernel: Kernel, process: Process) -> None:
    del kernel.processes[process.pid]
