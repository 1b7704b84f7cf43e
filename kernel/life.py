"""The life of a process: it is made, waits, is woken, ends, and is reaped.

Knows: the process table and who is whose child. Does not know: lanes and policies beyond leaving them, what a call means.
Read next: `calls.py`, which serves fork, wait and exit with these.
"""

from __future__ import annotations

from heapq import heappush
from typing import TYPE_CHECKING, Any

from . import adapters, guard, lanes, mail, pipes, planner, segments, served
from .errors import BadCall, KernelError, LimitReached, NoSuchProgram
from .labels import Ring
from .limits import MAX_CLOSES, MAX_GROUP, MAX_PROCESSES
from .memory import AddressSpace
from .process import Process, State
from .workingset import build

if TYPE_CHECKING:
    from .kernel import Kernel


def create(
    kernel: Kernel, ppid: int, program: str, args: tuple[Any, ...], seed: int, space: AddressSpace | None, ring: Ring
) -> Process:
    """A new process; raises NoSuchProgram, BadCall or LimitReached, and then gives back the frames of `space`."""
    parent = kernel.processes.get(ppid)
    group = parent.group if parent else 1
    try:
        _check_limits(kernel, parent, group)
        _check_program(kernel, program, args)
    except KernelError:
        if space is not None:
            kernel.memory.drop(space)
        raise
    pid = kernel.next_pid
    kernel.next_pid += 1
    process = Process(pid, ppid, program, args, None, space or _space(kernel, parent), seed, ring)
    process.account.born = kernel.tick
    if parent is not None:
        process.limits, process.priority = _inherited(kernel, parent), parent.priority
        for channel in (0, 1):
            plug(kernel, process, channel, parent.channels.get(channel, "console"))
    _new_life(kernel, process)
    join_group(kernel, process, group)
    watch_ticks(kernel, process)
    process.high = process.space.resident
    kernel.processes[pid] = process
    guard.born(kernel, process)
    kernel.emit("spawn", pid, ppid, program, args)
    process.move(State.WOKEN)
    kernel.woken.append(process)
    return process


def _inherited(kernel: Kernel, parent: Process) -> dict[str, int]:
    """A child's limits are its parent's; of its time it has what is left, so that no chain of children outlives it."""
    limits = parent.limits.copy()
    if "ticks" in limits:
        limits["ticks"] = max(parent.account.born + limits["ticks"] - kernel.tick, 0)
    return limits


def plug(kernel: Kernel, process: Process, channel: int, name: str) -> None:
    """What a new process hears (0) and where it speaks (1), in place of what it had: never a device."""
    if name.startswith(("console", "pipe:", "request:")):
        before, process.channels[channel] = process.channels[channel], name
        pipes.hold(kernel, name)
        pipes.release(kernel, before)


def _check_program(kernel: Kernel, program: str, args: tuple[Any, ...]) -> None:
    """There is such a program, and it takes these arguments. It begins when it is first driven (`drive.py`)."""
    if program not in kernel.programs:
        raise NoSuchProgram(f"no program {program!r}; installed: {', '.join(kernel.programs)}")
    try:
        kernel.programs[program](*args).close()
    except TypeError as e:
        raise BadCall(str(e)) from None


def _check_limits(kernel: Kernel, parent: Process | None, group: int) -> None:
    if len(kernel.processes) >= MAX_PROCESSES:
        raise LimitReached(f"{MAX_PROCESSES} processes exist already")
    if group != 1 and kernel.groups.get(group, 0) >= MAX_GROUP:
        raise LimitReached(f"job {group} has {MAX_GROUP} processes already; kill -{group} ends all of them")
    if parent is not None and "children" in parent.limits:
        living = sum(c.state is not State.ZOMBIE for c in children(kernel, parent.pid))
        if living >= parent.limits["children"]:
            raise LimitReached(f"{living} children; the limit of pid {parent.pid} is {parent.limits['children']}")


def execute(kernel: Kernel, process: Process, program: str, args: tuple[Any, ...]) -> None:
    """Another program in the same process: number, parent, channels and limits stay; its context is new."""
    _check_program(kernel, program, args)
    _tell_references(kernel, process)
    close(process)
    process.coroutine, process.program, process.args = None, program, args
    _new_life(kernel, process)
    process.result = process.error = None
    process.actions.clear()
    kernel.memory.drop(process.space)
    process.space, process.high = _space(kernel, process), 0
    kernel.emit("exec", process.pid, program, args)
    kernel.woken.append(process)


def close(process: Process) -> None:
    """Its program will not be driven any more. What it still asks for or raises while it is cleared away goes nowhere."""
    for _ in range(MAX_CLOSES if process.coroutine is not None else 0):
        try:
            process.coroutine.close()  # type: ignore[union-attr]
            return
        except Exception:  # a call in a `finally`, say: it is not made
            continue


def _new_life(kernel: Kernel, process: Process) -> None:
    kernel.lives += 1
    process.life, process.given = kernel.lives, 0


def join_group(kernel: Kernel, process: Process, group: int) -> None:
    """Make it part of a job."""
    process.group = group
    kernel.groups[group] = kernel.groups.get(group, 0) + 1


def leave_group(kernel: Kernel, process: Process) -> None:
    kernel.groups[process.group] -= 1
    if not kernel.groups[process.group]:
        del kernel.groups[process.group]


def watch_ticks(kernel: Kernel, process: Process) -> None:
    """Its wall clock rings when its limit of ticks is reached."""
    if "ticks" in process.limits:
        heappush(kernel.sleepers, (process.account.born + process.limits["ticks"], process.pid))


def alarm(kernel: Kernel, process: Process, due: int) -> None:
    """The tick a process waited for has come; or its limit of ticks."""
    ticks = process.limits.get("ticks")
    if ticks is not None and process.account.born + ticks <= due and process.state is not State.ZOMBIE:
        end(kernel, process, 152, None, f"its limit of {ticks} ticks is reached")
    elif process.waits_for(f"sleep until {due}"):
        wake(kernel, process, None)
    else:
        served.rang(kernel, process, due)


def _space(kernel: Kernel, before: Process | None) -> AddressSpace:
    """An empty context, with the working set that the machine was booted for and the adapter of its parent."""
    config = kernel.config
    space = AddressSpace(work=build(config.window, config.replacement, config.pins), trace=bool(config.trace))
    space.adapter = before.space.adapter if before else adapters.number(config.adapters, config.adapter)
    return space


def wake(kernel: Kernel, process: Process, result: Any) -> None:
    """The call a process waits for is done; its program goes on in the traps phase."""
    process.result = result
    if process.state is State.STOPPED:  # kept until it is continued
        process.then, process.why = State.WOKEN, ""
        return
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
    kernel.requests.forget_all(kernel, process.pid)
    guard.forget(kernel, process.pid)
    pipes.forget(kernel, process.pid)
    mail.forget(kernel, process.pid)
    segments.forget(kernel, process.pid)
    _tell_references(kernel, process)
    kernel.memory.drop(process.space)
    process.move(State.ZOMBIE, why or f"exit {status}")
    process.status, process.value, process.thought = planner.handed(kernel, process, status), value, None
    process.account.ended = kernel.tick
    close(process)
    leave_group(kernel, process)
    mail.close(kernel, process.pid)
    for name in process.channels.values():
        pipes.release(kernel, name)
    process.channels = {}
    kernel.emit("exit", process.pid, status, value, why)
    for child in children(kernel, process.pid):
        child.ppid = 1
        if child.state is State.ZOMBIE and process.pid != 1:
            _tell_parent(kernel, child)
    _tell_parent(kernel, process)


def _tell_references(kernel: Kernel, process: Process) -> None:
    """The reference string of a context that is over."""
    if process.space.trace:
        kernel.emit("references", process.pid, process.program, tuple(process.space.trace))


def _tell_parent(kernel: Kernel, process: Process) -> None:
    if process.request:
        served.ended(kernel, process)
        reap(kernel, process)
        return
    parent = kernel.processes.get(process.ppid)
    if parent is None or parent.state is State.ZOMBIE:
        if process.ppid in (0, 1):
            reap(kernel, process)
    elif parent.waits_for("a child") or parent.waits_for(f"child {process.pid}"):
        wake(kernel, parent, (process.pid, process.status))
        reap(kernel, process)


def reap(kernel: Kernel, process: Process) -> None:
    del kernel.processes[process.pid]
