"""Pipes: text from one program to another, with back-pressure.

Knows: what waits in each pipe, who waits to read and to write, how many ends are open. Does not know: channels' numbers
(`calls.py` does), what the text means. Queues are first come, first served, and every change of a pipe serves them at once,
so that no wake-up is lost: nobody sleeps beside something that is there for it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import life
from .errors import BrokenPipe, EndOfInput
from .labels import KERNEL, Label, join
from .limits import PIPE_CHARS
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel


@dataclass(slots=True)
class Pipe:
    """Text on its way. `heard` is the join of what its writers knew."""

    text: str = ""
    heard: Label = KERNEL
    readers: deque[int] = field(default_factory=deque)  # pids that wait
    writers: deque[tuple[int, str]] = field(default_factory=deque)  # (pid, what it wants to write)
    ends: dict[str, int] = field(default_factory=lambda: {"r": 0, "w": 0})  # how many are open


def make(kernel: Kernel) -> tuple[str, str]:
    """The names of the two ends of a new pipe; nobody holds them yet."""
    kernel.next_pipe += 1
    kernel.pipes[kernel.next_pipe] = Pipe()
    return f"pipe:{kernel.next_pipe}:r", f"pipe:{kernel.next_pipe}:w"


def hold(kernel: Kernel, name: str) -> None:
    """One more channel on this end."""
    if name.startswith("pipe:"):
        pipe, end = _end(kernel, name)
        pipe.ends[end] += 1


def release(kernel: Kernel, name: str) -> None:
    """One channel less; with the last writer the readers learn that it is over, with the last reader the writers."""
    if not name.startswith("pipe:"):
        return
    pipe, end = _end(kernel, name)
    pipe.ends[end] -= 1
    _serve(kernel, pipe)
    if not any(pipe.ends.values()):
        del kernel.pipes[int(name.split(":")[1])]


def _end(kernel: Kernel, name: str) -> tuple[Pipe, str]:
    _, number, end = name.split(":")
    return kernel.pipes[int(number)], end


def read(kernel: Kernel, process: Process, name: str, later: object) -> Any:
    """The next line without its newline, or what is left when the writers are gone. Raises EndOfInput."""
    pipe, end = _end(kernel, name)
    if end != "r":
        raise EndOfInput("this end of the pipe is for writing")
    process.move(State.BLOCKED, name)
    pipe.readers.append(process.pid)
    _serve(kernel, pipe)
    return later


def write(kernel: Kernel, process: Process, name: str, text: str, later: object) -> Any:
    """Blocks while the pipe is full. Raises BrokenPipe when nobody can read."""
    pipe, end = _end(kernel, name)
    if end != "w" or not pipe.ends["r"]:
        raise BrokenPipe("nobody reads this pipe")
    process.move(State.BLOCKED, name)
    pipe.writers.append((process.pid, text))
    _serve(kernel, pipe)
    return later


def pour(kernel: Kernel, process: Process, name: str, text: str) -> None:
    """What a model says goes in as it says it; a model can't be blocked, and when nobody reads its words are lost."""
    pipe, end = _end(kernel, name)
    if end == "w" and pipe.ends["r"]:
        pipe.text += text
        pipe.heard = join(pipe.heard, join(process.heard, process.space.tail))
        _serve(kernel, pipe)


def _serve(kernel: Kernel, pipe: Pipe) -> None:
    """Do what can be done now, in turn, until nothing more can."""
    while _admit(kernel, pipe) or _give(kernel, pipe):
        pass


def _admit(kernel: Kernel, pipe: Pipe) -> bool:
    """The first writer's text goes in when it fits, or when the pipe is empty; without a reader it breaks."""
    if not pipe.writers:
        return False
    pid, text = pipe.writers[0]
    if not pipe.ends["r"]:
        pipe.writers.popleft()
        life.fail(kernel, kernel.processes[pid], BrokenPipe("nobody reads this pipe"))
        return True
    if pipe.text and len(pipe.text) + len(text) > PIPE_CHARS:
        return False
    pipe.writers.popleft()
    pipe.text += text
    pipe.heard = join(pipe.heard, kernel.processes[pid].heard)
    life.wake(kernel, kernel.processes[pid], len(text))
    return True


def _give(kernel: Kernel, pipe: Pipe) -> bool:
    """The first reader gets a line, or what there is when no newline can come."""
    if not pipe.readers:
        return False
    line, newline, rest = pipe.text.partition("\n")
    over = not pipe.ends["w"] and not pipe.writers
    if not newline and not (line and (over or len(line) >= PIPE_CHARS or pipe.writers)) and not over:
        return False
    reader = kernel.processes[pipe.readers.popleft()]
    if not newline and not line:
        life.fail(kernel, reader, EndOfInput("the pipe is closed and empty"))
        return True
    pipe.text = rest
    reader.heard = join(reader.heard, pipe.heard)
    life.wake(kernel, reader, line)
    return True


def forget(kernel: Kernel, pid: int) -> None:
    """A process waits here no longer."""
    for pipe in kernel.pipes.values():
        if pid in pipe.readers:
            pipe.readers.remove(pid)
        for waiting in [w for w in pipe.writers if w[0] == pid]:
            pipe.writers.remove(waiting)


def check(kernel: Kernel) -> None:
    """The laws of pipes; AssertionError names the one that is broken."""
    held: dict[str, int] = {}
    for process in kernel.processes.values():
        for name in process.channels.values():
            held[name] = held.get(name, 0) + 1
    for number, pipe in kernel.pipes.items():
        for end, count in pipe.ends.items():
            assert held.get(f"pipe:{number}:{end}", 0) == count, f"pipe {number}: open {end} ends are miscounted"
        assert not (pipe.readers and "\n" in pipe.text), f"pipe {number}: a reader sleeps beside a line"
        assert not (pipe.writers and not pipe.text), f"pipe {number}: a writer sleeps beside an empty pipe"
        for pid in (*pipe.readers, *(pid for pid, _ in pipe.writers)):
            waiting = kernel.processes.get(pid)
            assert waiting is not None, f"pipe {number}: {pid} is over"
            assert waiting.why.startswith(f"pipe:{number}:"), f"pipe {number}: pid {pid} does not wait"
