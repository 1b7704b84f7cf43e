"""Where processes meet the outside: the console's line queue and the table of device requests.

Knows: who waits for a line, which request belongs to whom. Does not know: what a device does, how a thought goes on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import compaction, guard, instructions, life, pipes, served
from .errors import DeviceFailed, EndOfInput
from .labels import KERNEL, USER, Label, data, join
from .limits import MAX_LINES, MAX_SAID
from .ports import Delivery, Request
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel


@dataclass(slots=True)
class Console:
    """Typed lines not yet read, and the processes that wait for one; the last to ask is the foreground."""

    lines: deque[str] = field(default_factory=deque)
    readers: list[int] = field(default_factory=list)
    ended: bool = False

    def read(self, kernel: Kernel, process: Process, later: object) -> Any:
        if self.lines:
            return self._give(kernel, process)
        if self.ended:
            raise EndOfInput("the console has no more input")
        self.readers.append(process.pid)
        process.move(State.BLOCKED, "keyboard")
        return later

    def _give(self, kernel: Kernel, process: Process) -> str:
        line = self.lines.popleft()
        guard.hears(process, USER)
        kernel.emit("out", process.pid, "u", line + "\n")
        return line

    def type(self, kernel: Kernel, line: str) -> None:
        if len(self.lines) >= MAX_LINES:
            kernel.emit("refused", 0, f"{MAX_LINES} lines wait already; this one was not kept")
            return
        self.lines.append(line)
        if self.readers:
            reader = kernel.processes[self.readers.pop()]
            life.wake(kernel, reader, self._give(kernel, reader))

    def end(self, kernel: Kernel) -> None:
        self.ended = True
        for pid in self.readers:
            life.fail(kernel, kernel.processes[pid], EndOfInput("the console has no more input"))
        self.readers.clear()

    def forget(self, pid: int) -> None:
        if pid in self.readers:
            self.readers.remove(pid)


@dataclass(slots=True)
class Pending:
    """One request to a device, from when it was made until its result was taken."""

    pid: int
    device: str
    text: str
    by_model: bool
    waited: bool = False  # a program is blocked in `read` on it
    answer: Delivery | None = None
    heard: Label = KERNEL  # what those knew who worked on it in this machine
    child: int = 0  # the shell that answers it
    output: str = ""  # what that shell and its children said so far
    due: int = -1  # the tick at which it is over, if it is a sleep


@dataclass(slots=True)
class Requests:
    """Work in flight at the devices. A result for a request that was forgotten is dropped."""

    next: int = 1
    table: dict[int, Pending] = field(default_factory=dict)

    def submit(
        self, kernel: Kernel, process: Process, device: str, text: str, by_model: bool, words: Label = KERNEL
    ) -> int:
        """Hand a call to its device. `words`: what the arguments bring that is not in the caller's context."""
        number = self.next
        self.next += 1
        self.table[number] = Pending(process.pid, device, text, by_model, heard=words)
        kernel.emit("call", process.pid, device, text, "model" if by_model else "program")
        if device in kernel.config.served:
            served.serve(kernel, process, number)
        else:
            kernel.world.submit(Request(number, process.pid, device, text))
        return number

    def print(self, number: int, text: str, heard: Label) -> None:
        """A shell or one of its children says something; if nobody waits for it any longer it is lost."""
        pending = self.table.get(number)
        if pending is not None:
            pending.output = (pending.output + text)[:MAX_SAID]
            pending.heard = join(pending.heard, heard)

    def collect(self, kernel: Kernel, process: Process, number: int, later: object) -> Any:
        """The result of a program's request; blocks the program until it is there."""
        pending = self.table[number]
        if pending.answer is None:
            pending.waited = True
            process.move(State.BLOCKED, pending.device)
            return later
        del self.table[number]
        guard.hears(process, _label(kernel, process, pending, pending.answer))
        if not pending.answer.ok:
            raise DeviceFailed(_text(pending.answer))
        return _text(pending.answer)

    def done(self, kernel: Kernel, number: int, answer: Delivery) -> None:
        """A device finished: interrupt whoever waits."""
        pending = self.table.get(number)
        if pending is None:
            return
        process = kernel.processes[pending.pid]
        kernel.emit("result", pending.pid, pending.device, _text(answer), answer.ok, _origin(answer))
        if pending.device == compaction.DEVICE:
            del self.table[number]
            compaction.finish(kernel, process, bool(answer.ok), _text(answer), _origin(answer))
        elif pending.by_model:
            del self.table[number]
            label = _label(kernel, process, pending, answer)
            instructions.resume(kernel, process, pending.device, pending.text, _text(answer), bool(answer.ok), label)
        elif pending.waited:
            del self.table[number]
            guard.hears(process, _label(kernel, process, pending, answer))
            if answer.ok:
                life.wake(kernel, process, _text(answer))
            else:
                life.fail(kernel, process, DeviceFailed(_text(answer)))
        else:
            pending.answer = answer

    def forget(self, kernel: Kernel, number: int) -> None:
        """Nobody waits for the answer any longer; a shell at work on it ends."""
        pending = self.table.pop(number, None)
        shell = kernel.processes.get(pending.child) if pending else None
        if shell is not None:
            life.end(kernel, shell, 137, None, "nobody waits for its answer")

    def forget_all(self, kernel: Kernel, pid: int) -> None:
        for number in [n for n, p in self.table.items() if p.pid == pid]:
            self.forget(kernel, number)


def say(kernel: Kernel, process: Process, who: str, text: str) -> None:
    """Words go where the process speaks: to the console, into a pipe, or into the answer that a shell will give.

    `who` is K for a program, m for its model, d for a note about a device; notes are for the console only.
    """
    print_on(kernel, process, process.channels.get(1, "console"), who, text)


def print_on(kernel: Kernel, process: Process, name: str, who: str, text: str) -> None:
    """The same, by the name of a channel: what a program says past a pipe is for the console or that answer."""
    if name.startswith("request:") and who != "d":
        kernel.requests.print(int(name[8:]), text, join(process.heard, process.space.tail))
    elif name.startswith("pipe:") and who != "d":
        pipes.pour(kernel, process, name, text)
    elif not name.startswith(("request:", "pipe:")):
        kernel.emit("out", process.pid, who, text)


def _label(kernel: Kernel, process: Process, pending: Pending, answer: Delivery) -> Label:
    """Of what comes back: the device's own, and what those had heard who made it in this machine."""
    origin = _origin(answer)
    if origin == "kernel" and pending.device in kernel.config.served:  # nobody else may bring that name
        return join(data(origin), pending.heard)
    return join(guard.arrived(kernel, process, pending.device, pending.text, origin), pending.heard)


def _text(answer: Delivery) -> str:
    """A device delivers (text, origin)."""
    return str(answer.data[0]) if isinstance(answer.data, tuple) and answer.data else str(answer.data or "")


def _origin(answer: Delivery) -> str:
    return str(answer.data[1]) if isinstance(answer.data, tuple) and len(answer.data) > 1 else "device"
