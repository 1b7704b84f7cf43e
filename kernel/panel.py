"""The panel: what the person at the machine does, and whom the console speaks with.

Knows: deliveries and the verbs of the panel. Does not know: keys, screens. Read next: `channels.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import adapters, calls, compaction, guard, lanes, life, pager, parking, residency, signals, victims
from .errors import BadCall, KernelError
from .labels import Ring
from .limits import COMPACT_TO
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
    elif delivery.kind == "weight":
        residency.settle(kernel, int(delivery.target))
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
    """What the person asks of the kernel; what can't be done is said in an event."""
    try:
        if verb not in VERBS:
            raise BadCall(f"there are {', '.join(VERBS)}")
        VERBS[verb](kernel, *args)
    except (KernelError, TypeError, ValueError) as e:
        kernel.emit("refused", 0, f"{verb}: {e}")


def _spawn(kernel: Kernel, program: str, *args: Any) -> None:
    life.create(kernel, 1, str(program), args, kernel.config.seed, None, Ring.USER)


def _fork(kernel: Kernel, pid: int, text: str = "") -> None:
    """A copy of a context over the same pages, which goes on by itself: with what the person says to it, or as it stands."""
    process = _living(kernel, int(pid))
    if process.space.slot:
        raise BadCall(f"pid {pid} is a planner: its context is not to be had without its slots")
    if not process.space.tokens:
        raise BadCall(f"pid {pid} has no context to fork")
    space = kernel.memory.fork(process.space)
    life.create(kernel, process.pid, "goon", (str(text),), process.seed, space, process.ring)


def _attach(kernel: Kernel, pid: int) -> None:
    """The next typed line is for this process."""
    process, readers = _living(kernel, int(pid)), kernel.console.readers
    if process.pid not in readers:
        raise BadCall(f"pid {pid} does not wait for a line: {process.why or process.state}")
    readers.remove(process.pid)
    readers.append(process.pid)
    kernel.emit("attach", process.pid)


def _kill(kernel: Kernel, pid: int, signal: str = "TERM") -> None:
    signals.post(kernel, int(pid), str(signal), "killed from the panel")


def _nice(kernel: Kernel, pid: int, level: int) -> None:
    lanes.renice(kernel, _living(kernel, int(pid)), calls.priority(level))


def _adapter(kernel: Kernel, pid: int, name: str) -> None:
    adapters.choose(kernel, _living(kernel, int(pid)), str(name))


def _policy(kernel: Kernel, name: str) -> None:
    lanes.change_policy(kernel, lanes.policy_by_name(kernel, str(name)))
    kernel.emit("policy", 0, kernel.policy.name)


def _victims(kernel: Kernel, name: str) -> None:
    """Who loses its frames from now on when they are short."""
    victims.by_name(str(name))
    kernel.victims = str(name)
    kernel.emit("victims", 0, kernel.victims)


def _answer(kernel: Kernel, number: int, answer: str) -> None:
    if str(answer) not in guard.ANSWERS:
        raise BadCall(f"{answer!r} is no answer; it is one of {', '.join(guard.ANSWERS)}")
    if int(number) not in kernel.guard.questions:
        raise BadCall(f"nothing is asked under the number {number}")
    guard.answer(kernel, int(number), str(answer))


def _undo(kernel: Kernel, pid: int) -> None:
    """Put back the part of a context that was moved to the disk last."""
    compaction.undo(kernel, _living(kernel, pid))


def _compact(kernel: Kernel, pid: int) -> None:
    """Move the old part of a context to the disk now."""
    process = _living(kernel, pid)
    if compaction.calling(process):
        raise BadCall(f"pid {pid} is in the middle of a call")
    if process.space.leaving is not None:
        raise BadCall(f"a part of pid {pid} is on its way to the disk already")
    cut = compaction.plan(kernel, process.space)
    if cut is None:
        held, most = len(process.space.tokens), kernel.capacity
        if held <= most * COMPACT_TO // 100:
            raise BadCall(f"pid {pid} fills {held} of {most} tokens; nothing is moved up to {COMPACT_TO} %")
        raise BadCall(f"the window of pid {pid} has nothing old enough to move")
    if process.state is State.READY:
        kernel.policy.remove(process.pid)
        process.move(State.RUNNING)
    compaction.begin(kernel, process, cut)


def _swap_out(kernel: Kernel, pid: int) -> None:
    """All pages of a process go to the page file; they come back at its next turn (`parking.py`: when it is called back)."""
    process = _living(kernel, pid)
    if process.lane >= 0:
        lanes.preempt(kernel, process)
    if not pager.swap_out(kernel, process):
        raise BadCall("the page file has no room; what did not fit is still in RAM")


def _window(kernel: Kernel, pid: int, limit: int, name: str = "") -> None:
    """Give a process fewer frames than pages, or with 0 as many as it has pages: then all of it is computed again, exactly."""
    process = _living(kernel, pid)
    name = name or kernel.config.replacement
    if process.space.slot:
        raise BadCall(f"pid {pid} is a planner: all its pages are in RAM when it runs")
    work = build(limit, name, kernel.config.pins)
    if process.space.work is not None:
        kernel.memory.drop(process.space)
    process.space.work = work
    kernel.emit("window", pid, limit, name)


def _living(kernel: Kernel, pid: int) -> Process:
    process = kernel.processes.get(int(pid))
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


def _interrupt(kernel: Kernel) -> None:
    """Ctrl-C: the foreground program gets Interrupted at the call it is in; if it doesn't catch it, it ends."""
    process = foreground(kernel)
    if process is None or process.pid == 1 or process.state is State.ZOMBIE:
        return
    kernel.emit("interrupt", process.pid)
    signals.send(kernel, process, "INT", "from the keyboard")


def _park(kernel: Kernel, pid: int) -> None:
    parking.park(kernel, int(pid))


def _unpark(kernel: Kernel, pid: int) -> None:
    parking.unpark(kernel, int(pid))


VERBS: dict[str, Callable[..., None]] = {
    "spawn": _spawn,
    "fork": _fork,
    "attach": _attach,
    "kill": _kill,
    "nice": _nice,
    "adapter": _adapter,
    "policy": _policy,
    "victims": _victims,
    "answer": _answer,
    "swapout": _swap_out,
    "park": _park,
    "unpark": _unpark,
    "compact": _compact,
    "undo": _undo,
    "window": _window,
    "interrupt": _interrupt,
}
"""What the person may ask -> who does it."""
