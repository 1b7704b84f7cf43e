"""The panel: what the person at the machine does, and whom the console speaks with.

Knows: deliveries and the verbs of the panel. Does not know: keys, screens. Read next: `channels.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import calls, compaction, guard, lanes, life, pager, parking, signals
from .errors import BadCall, KernelError
from .labels import Ring
from .ports import Delivery
from .process import Process, State
from .workingset import build

if TYPE_CHECKING:
    from .kernel import Kernel


def deliver(kernel: Kernel, delivery: Delivery) -> None:
    """One thing from outside: a typed line, the end of input, a device's result, a command."""
    if delivery.kind == "line":
        if not guard.heard_line(kernel, str(delivery.data)):
            kernel.console.type(kernel, str(delivery.data))
    elif delivery.kind == "eof":
        kernel.console.end(kernel)
        guard.nobody(kernel)
    elif delivery.kind == "done":
        kernel.requests.done(kernel, int(delivery.target), delivery)
    elif delivery.kind == "devices":
        _mount(kernel, delivery.data if isinstance(delivery.data, tuple) else ())
    elif delivery.kind == "command":
        _command(kernel, delivery.target, delivery.data if isinstance(delivery.data, tuple) else ())


def _mount(kernel: Kernel, names: tuple[Any, ...]) -> None:
    """Devices came or went: calls are looked up among these from now on."""
    before, kernel.devices = kernel.devices, tuple(str(name) for name in names)
    for name in before:
        if name not in kernel.devices:
            kernel.emit("device", 0, name, 0)
    for name in kernel.devices:
        if name not in before:
            kernel.emit("device", 0, name, 1)


def _command(kernel: Kernel, verb: str, args: tuple[Any, ...]) -> None:
    """spawn PROGRAM ARGS..., kill PID, policy NAME, interrupt."""
    try:
        if verb == "spawn":
            life.create(kernel, 1, str(args[0]), args[1:], kernel.config.seed, None, Ring.USER)
        elif verb == "kill":
            signal = str(args[1]) if len(args) > 1 else "TERM"
            signals.post(kernel, int(args[0]), signal, "killed from the panel")
        elif verb == "nice":
            lanes.renice(kernel, _living(kernel, int(args[0])), calls.priority(args[1]))
        elif verb == "policy":
            lanes.change_policy(kernel, lanes.policy_by_name(kernel, str(args[0])))
            kernel.emit("policy", 0, kernel.policy.name)
        elif verb == "answer":
            guard.answer(kernel, int(args[0]), str(args[1]))
        elif verb == "swapout":
            _swap_out(kernel, int(args[0]))
        elif verb == "park":
            parking.park(kernel, int(args[0]))
        elif verb == "unpark":
            parking.unpark(kernel, int(args[0]))
        elif verb in ("compact", "undo"):
            _compact(kernel, verb, int(args[0]))
        elif verb == "window":
            _window(kernel, int(args[0]), int(args[1]), str(args[2]) if len(args) > 2 else kernel.config.replacement)
        elif verb == "interrupt":
            _interrupt(kernel, foreground(kernel))
    except (KernelError, ValueError, IndexError) as e:
        kernel.emit("refused", 0, f"{verb}: {e}")


def _compact(kernel: Kernel, verb: str, pid: int) -> None:
    """Move the old part of a context to the disk now, or put the part that was moved last back."""
    process = kernel.processes.get(pid)
    if process is None or process.state not in (State.READY, State.RUNNING):
        raise BadCall(f"no process {pid} that has tokens to run")
    if verb == "undo":
        compaction.undo(kernel, process)
        return
    cut = compaction.plan(kernel, process.space)
    if cut is None:
        raise BadCall(f"the window of pid {pid} has nothing old enough to move")
    if process.state is State.READY:
        kernel.policy.remove(process.pid)
        process.move(State.RUNNING)
    compaction.begin(kernel, process, cut)


def _swap_out(kernel: Kernel, pid: int) -> None:
    """All pages of a process go to the page file; they come back at its next turn (`parking.py`: when it is called back)."""
    process = kernel.processes.get(pid)
    if process is None or process.state is State.ZOMBIE:
        raise BadCall(f"no process {pid}")
    if process.lane >= 0:
        lanes.preempt(kernel, process)
    if not pager.swap_out(kernel, process):
        raise BadCall("the page file has no room; what did not fit is still in RAM")


def _window(kernel: Kernel, pid: int, limit: int, name: str) -> None:
    """Give a process fewer frames than pages, or with 0 as many as it has pages: then all of it is computed again, exactly."""
    process = kernel.processes.get(pid)
    if process is None or process.state is State.ZOMBIE:
        raise BadCall(f"no process {pid}")
    if process.space.slot:
        raise BadCall(f"pid {pid} is a planner: all its pages are in RAM when it runs")
    work = build(limit, name, kernel.config.pins)
    if process.space.work is not None:
        kernel.memory.drop(process.space)
    process.space.work = work
    kernel.emit("window", pid, limit, name)


def _living(kernel: Kernel, pid: int) -> Process:
    process = kernel.processes.get(pid)
    if process is None or process.state is State.ZOMBIE:
        raise BadCall(f"no process {pid}")
    return process


def foreground(kernel: Kernel) -> Process | None:
    """Whom the console speaks with: the last reader, or what the shell waits for."""
    if kernel.console.readers:
        return kernel.processes.get(kernel.console.readers[-1])
    process = kernel.processes.get(1)
    while process is not None:
        child = _awaited(kernel, process)
        if child is None:
            return process
        process = child
    return None


def _awaited(kernel: Kernel, process: Process) -> Process | None:
    if process.state is not State.BLOCKED or not process.why.startswith(("child", "a child")):
        return None
    if process.why == "a child":
        living = [c for c in life.children(kernel, process.pid) if c.state is not State.ZOMBIE]
        return living[0] if living else None
    return kernel.processes.get(int(process.why.split()[1]))


def _interrupt(kernel: Kernel, process: Process | None) -> None:
    """Ctrl-C: the foreground program gets Interrupted at the call it is in; if it doesn't catch it, it ends."""
    if process is None or process.pid == 1 or process.state is State.ZOMBIE:
        return
    kernel.emit("interrupt", process.pid)
    signals.send(kernel, process, "INT", "from the keyboard")
