"""Where processes meet the outside: the console's line queue and the table of device requests.

Knows: who waits for a line, which request belongs to whom. Does not know: what a device does, how a thought goes on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import compaction, guard, instructions, life
from .errors import DeviceFailed, EndOfInput
from .labels import USER
from .limits import MAX_LINES
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


@dataclass(slots=True)
class Requests:
    """Work in flight at the devices. A result for a request that was forgotten is dropped."""

    next: int = 1
    table: dict[int, Pending] = field(default_factory=dict)

    def submit(self, kernel: Kernel, process: Process, device: str, text: str, by_model: bool) -> int:
        number = self.next
        self.next += 1
        self.table[number] = Pending(process.pid, device, text, by_model)
        kernel.emit("call", process.pid, device, text, "model" if by_model else "program")
        kernel.world.submit(Request(number, process.pid, device, text))
        return number

    def collect(self, kernel: Kernel, process: Process, number: int, later: object) -> Any:
        """The result of a program's request; blocks the program until it is there."""
        pending = self.table[number]
        if pending.answer is None:
            pending.waited = True
            process.move(State.BLOCKED, pending.device)
            return later
        del self.table[number]
        guard.hears(process, guard.arrived(kernel, process, pending.device, pending.text, _origin(pending.answer)))
        if not pending.answer.ok:
            raise DeviceFailed(_text(pending.answer))
        return _text(pending.answer)

    def done(self, kernel: Kernel, number: int, answer: Delivery) -> None:
        """A device finished: interrupt whoever waits."""
        pending = self.table.get(number)
        if pending is None:
            return
        process = kernel.processes[pending.pid]
        kernel.emit("result", pending.pid, pending.device, _text(answer), answer.ok)
        if pending.device == compaction.DEVICE:
            del self.table[number]
            compaction.finish(kernel, process, bool(answer.ok), _text(answer))
        elif pending.by_model:
            del self.table[number]
            instructions.resume(
                kernel, process, pending.device, pending.text, _text(answer), bool(answer.ok), _origin(answer)
            )
        elif pending.waited:
            del self.table[number]
            guard.hears(process, guard.arrived(kernel, process, pending.device, pending.text, _origin(answer)))
            if answer.ok:
                life.wake(kernel, process, _text(answer))
            else:
                life.fail(kernel, process, DeviceFailed(_text(answer)))
        else:
            pending.answer = answer

    def forget(self, number: int) -> None:
        self.table.pop(number, None)

    def forget_all(self, pid: int) -> None:
        for number in [n for n, p in self.table.items() if p.pid == pid]:
            del self.table[number]


def _text(answer: Delivery) -> str:
    """A device delivers (text, origin)."""
    return str(answer.data[0]) if isinstance(answer.data, tuple) and answer.data else str(answer.data or "")


def _origin(answer: Delivery) -> str:
    return str(answer.data[1]) if isinstance(answer.data, tuple) and len(answer.data) > 1 else "device"
