"""A guarded call's question in words: who wants what, where the words came from, by which rule it is held, what may be said.

Knows: `status.Question`, the kernel's rules and answers. Does not know: keys, how a question comes up (`screens/consent.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from llmos.status import MachineView, Question
from llmos_kernel.monitor import RULES

from .screens.facts import fact
from .text import Row, clip, pad, sanitise


class Choice(NamedTuple):
    key: str
    word: str  # the kernel's
    about: str


CHOICES = (
    Choice("o", "once", "do it, this time"),
    Choice("p", "process", "do it, and ask no more when it does the same"),
    Choice("n", "no", "do not do it, this time"),
    Choice("v", "never", "do not do it, nor the same another time"),
)
DOES = {
    "read": "read",
    "write": "write to",
    "delete": "delete",
    "send": "send words to",
    "web": "fetch from the web, and so tell an address to",
    "run": "run something",
    "spawn": "start a program",
    "control": "control",
}
"""Kinds of effect, in words that go on with the targets."""
WORDS = {
    "KERNEL": "the kernel's own",
    "SYSTEM": "from the machine's own texts",
    "USER": "from the person at the console",
    "DATA": "what a device brought in is among all that they depend on",
}
"""Rings, as an answer to whose the words of a call are."""


SAYS = {name: (rule.__doc__ or "").partition("\n")[0] for name, rule in RULES}
"""What each rule says, in one line."""


def refused(view: MachineView) -> str:
    """Why nobody can answer here; "" if one can."""
    if view.role:
        return "You are watching: the keys are with another screen."
    if view.recorded:
        return "This is a recording: it shows what was asked, and nothing can be answered."
    if view.mode == "REPLAY":
        return "This is the past: it shows what was asked, and nothing can be answered. n goes back to now."
    return "" if view.mode in ("LIVE", "FROZEN") else "The machine has stopped: nothing can be answered."


def told(question: Question, waiting: int, width: int) -> Iterator[Row]:
    """A question in plain words; the call itself last, as it may be long."""
    q = question
    others = f"   {waiting - 1} more wait" if waiting > 1 else ""
    yield ((f"question {q.number}", "bold accent"), (others, "busy"))
    yield from fact("who", _who(q), "", width)
    yield from fact("wants to", _wants(q), "", width)
    yield from fact("because", q.why, "", width)
    yield from fact("rule", f"{q.rule}: {SAYS.get(q.rule, '')}".rstrip(": "), "", width)
    yield from fact("its words", f"{q.label}: {WORDS.get(q.ring, '')}".rstrip(": "), "", width)
    yield from fact("the call", f"{q.device} {q.args}", "m" if q.by == "model" else "K", width)


def _who(question: Question) -> str:
    where = f"{question.program} (pid {question.pid})"
    return f"the model of {where} wrote this call" if question.by == "model" else f"the program {where}"


def answers(view: MachineView, ready: bool, width: int) -> Iterator[Row]:
    """What may be said, a row each, and what the keys do now."""
    if why := refused(view):
        yield ((clip(why, width), "bold busy"),)
        yield (("Esc", "bold accent"), (" closes", "text"))
        return
    for choice in CHOICES:
        yield (
            (f" {choice.key}  ", "bold accent" if ready else "dim"),
            (pad(choice.word, 9), "bold text" if ready else "dim"),
            (clip(choice.about, width - 13), "text" if ready else "dim"),
        )
    enter: Row = () if ready else (("Enter", "bold accent"), (" to answer   ", "text"))
    yield (
        *enter,
        ("Esc", "bold accent"),
        (" later: the call waits   ", "text"),
        ("F1", "bold accent"),
        (" help", "text"),
    )


def asks(question: Question) -> str:
    """In one line, for who is told that something waits."""
    return sanitise(f"{question.program} (pid {question.pid}) wants to {_wants(question)}")


def _wants(question: Question) -> str:
    return f"{DOES.get(question.effect, question.effect)} {', '.join(question.targets)}".strip()
