"""A talk longer than the window: first it ends; then its old part goes to the disk, and search brings a line of it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from llmos.lessons.lab import Lab
from llmos.machine import Machine
from llmos_kernel.look import word
from llmos_kernel.ports import Event
from llmos_kernel.process import Process

PAGES = 24  # of the window at most: 384 tokens, whatever the model could attend to
THINGS = ("journal", "ring", "shell", "snapshot", "zombie")  # words that the shipped model spells right
ASKED = 9  # of the questions
QUESTIONS = (
    "what is a page?",
    "what is a frame?",
    "what is a trap?",
    "what is a process?",
    "what is the scheduler?",
    "what is attention?",
    "what is a token?",
    "what is swap?",
    "what is a page fault?",
    "what is a quantum?",
    "what is a device?",
    "what is a pipe?",
)


def play(lab: Lab) -> Iterator[str]:
    thing, number = lab.rng.choice(THINGS), lab.rng.randrange(1000, 9999)
    told = f"My {thing} has the number {number}."
    lines = [told, *lab.rng.sample(QUESTIONS, ASKED)]
    lab.facts |= {"told": told, "thing": thing, "number": number, "lines": len(lines), "rest": len(lines) - 1}
    pages = _too_few(lab, lines)
    small = _chat(lab, lines, pages, compact=False)
    lab.facts |= {"tokens": small.kernel.capacity}
    yield "full"
    lab.measured["full"] = _answered(lab, small)
    machine = _chat(lab, lines, pages, compact=True)
    _until(machine, lambda e: e[1] == "pressure")
    lab.facts |= {"pressure": _length(machine)}
    yield "moved"
    found = _until(machine, lambda e: e[1] == "moved")
    moved = next((e for e in found if e[1] == "moved"), None)
    process = _talker(machine)
    lab.measured["moved"] = moved[4] if moved else 0
    lab.say(
        f"{moved[3]!r} is on the disk; in its place stand {moved[5]} tokens that say so" if moved else "nothing went"
    )
    waiting = len(process.space.tokens) - process.space.resident
    yield "survives"
    lab.measured["survives"] = str(number) in _window(machine)
    lab.say(" ".join(_window(machine).split())[:300])
    yield "again"
    lab.measured["again"] = waiting
    space = process.space
    lab.say(f"of the {len(space.tokens)} tokens in the window now, {space.resident} still have good keys and values")
    yield from _searched(lab, machine)


def _searched(lab: Lab, machine: Machine) -> Iterator[str]:
    events = machine.run()
    lab.facts["moves"] = sum(e[1] == "moved" for e in events) + 1
    question = f"search the disk for {lab.facts['thing']}"
    lab.facts["question"] = question
    yield "found"
    machine.type(question)
    events = _until(machine, lambda e: e[1] == "result" and e[3] == "search")
    lab.measured["found"] = not machine.kernel.halted and str(lab.facts["number"]) in _window(machine)
    events += machine.run()
    for e in events:
        if e[1] == "call" and e[3] == "search":
            lab.say(f"the model calls: search {e[4]}")
        elif e[1] == "result" and e[3] == "search":
            lab.say(f"the disk answers: {' '.join(e[4].split())[:300]}")
    lab.say(f"the model says: {_said(events)}")


def _too_few(lab: Lab, lines: list[str]) -> int | None:
    """Pages of a window that this talk does not fit into: a model of few words gets a smaller one. None = all it has."""
    if lab.model.config.context <= PAGES * 16:
        return None
    rehearsal = _chat(lab, lines, PAGES, compact=False)
    ended = any(e[1] == "exit" for e in rehearsal.run())
    return PAGES if ended else _length(rehearsal) * 2 // 3 // 16


def _chat(lab: Lab, lines: list[str], pages: int | None, compact: bool) -> Machine:
    """A chat to which these lines were typed; the disk holds nothing but one text about the weather."""
    machine = lab.machine(
        init=("chat", ""),
        devices=("search",),
        library=lab.folder({"weather.md": "# Weather\n\nIt rains.\n"}),
        compact=compact,
        max_pages=pages,
    )
    for line in lines:
        machine.type(line)
    return machine


def _answered(lab: Lab, machine: Machine) -> int:
    """How many lines were answered before the window was full."""
    events = machine.run()
    asked = sum(e[1] == "think" for e in events)
    ended = any(e[1] == "exit" for e in events)
    lab.say("chat: the context is full; start again for a new one" if ended else "the window was large enough")
    return int(asked - ended)


def _until(machine: Machine, met: Callable[[Event], bool]) -> list[Event]:
    events: list[Event] = []
    for batch in machine.events(machine.waits):
        events += batch
        if any(met(e) for e in batch):
            break
    return events


def _talker(machine: Machine) -> Process:
    return max(machine.kernel.processes.values(), key=lambda p: len(p.space.tokens))


def _length(machine: Machine) -> int:
    return len(_talker(machine).space.tokens)


def _window(machine: Machine) -> str:
    return "".join(word(machine.kernel, token) for token in _talker(machine).space.tokens)


def _said(events: list[Event]) -> str:
    return " ".join("".join(e[4] for e in events if e[1] == "out" and e[3] == "m").split())
