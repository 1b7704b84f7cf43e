"""Taking the words out of a session: of each event and each picture what may be shown to anybody.

Knows: which fields hold the machine's own words, which hold numbers of the machine, and which hold anybody's. Does not know:
files, kernels, screens. What is not named here is left out. A text becomes `FILL` for each of its lines, however long it was,
and an own word in a place for such words stays: programs, devices, states.

What could be used to test a guess is left out, too: token ids, attention, what was likely. Whoever has the model can reckon
those for any text, a token at a time. What stays is who did what in which tick, and how many tokens and lines it took.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from functools import cache, lru_cache
from typing import Any

from llmos_apps import PROGRAMS
from llmos_kernel import rules, signals
from llmos_kernel.cpu import Cause
from llmos_kernel.kernel import PHASES
from llmos_kernel.labels import Ring
from llmos_kernel.ports import Event
from llmos_kernel.process import State
from llmos_kernel.replacement import REPLACEMENTS
from llmos_kernel.sched import POLICIES
from llmos_kernel.victims import VICTIMS
from llmos_kernel.view import (
    Counters,
    FrameView,
    LaneView,
    MovedView,
    PageView,
    ProcessView,
    Snapshot,
    SpanView,
    TokenView,
)

from .status import MachineView

FILL = "xxx "
"""Stands for a line of text, a token, a name."""
WORDS = """calc clock files search page disk python plot browser spawn send shell sleep exit llm
nano smollm2 scripted exact8 float32 bfloat16 own none
end length calls full model program allow deny ask once process never
ram swap away mapped gone prompt console kernel keyboard permission
K S U D m u d . p c o ~ *"""
OWN = frozenset(
    [
        *PROGRAMS, *POLICIES, *VICTIMS, *REPLACEMENTS, *rules.NAMES, *signals.NUMBERS, *PHASES,
        *(state.value for state in State), *(ring.name for ring in Ring), *(cause.name for cause in Cause),
        *WORDS.split(), "a message", "a child", "nothing to sample", "exit 0", "",
    ]
)  # fmt: skip
"""The machine's own words."""
COUNTED = re.compile(r"(sleep until|child|room in the mailbox of) \d{1,12}")
"""What a process waits for, and a tick or a pid."""
FRONT = re.compile(r"pid \d{1,12} (\S+)")

KEPT: dict[type, str] = {
    Snapshot: "phase",
    ProcessView: "program state ring why",
    TokenView: "who",
    LaneView: "program stop",
    FrameView: "kind label",
    PageView: "ring where",
    SpanView: "ring origin",
    MovedView: "ring",
}
"""What a snapshot is made of, and the fields of each that may hold own words."""
LEFT_OUT: dict[type, dict[str, Any]] = {
    TokenView: {"id": 0},
    LaneView: {"top": (), "mass": ()},
    FrameView: {"heat": 0},
    PageView: {"mass": 0},
}
"""What a model's reckoning left in them."""


def own(text: str) -> str:
    """One of the machine's own words, or FILL."""
    return text if text in OWN or COUNTED.fullmatch(text) else FILL


def lines(text: str) -> str:
    """FILL for each line that is not empty."""
    return "\n".join(FILL if line else "" for line in text.split("\n"))


def blank(text: str) -> str:
    return FILL if text else ""


def picture(view: MachineView) -> MachineView:
    """A machine as it stands, without words; what is told of it comes from its events."""
    return MachineView(
        "REPLAY",
        snapshot(view.snapshot),
        model=own(view.model),
        arithmetic=own(view.arithmetic),
        foreground=_front(view.foreground),
        devices=tuple((own(name), own(lamp), "") for name, lamp, _ in view.devices),
        policy=own(view.policy),
        lately=snapshot(view.lately),
    )


def snapshot(value: Any) -> Any:
    """A snapshot, or anything in it, without words. Raises TypeError for what no snapshot has."""
    kind = type(value)
    if kind in (int, bool, float, Counters):
        return value
    if kind is tuple:
        return value if {*map(type, value)} <= {int} else tuple(map(snapshot, value))
    if kind in KEPT:
        return _cached(value) if kind in LEFT_OUT else _view(value)
    if isinstance(value, str):
        return blank(value)
    if isinstance(value, int):
        return int(value)  # of an enumeration
    raise TypeError(f"no snapshot has a {kind.__name__}")


def _view(value: Any) -> Any:
    kind: Any = type(value)
    return kind(*(how(getattr(value, name)) for name, how in _hows(kind)))


@cache
def _hows(kind: Any) -> list[tuple[str, Callable[[Any], Any]]]:
    """Each field, and what becomes of it."""
    left = {name: lambda _, fixed=fixed: fixed for name, fixed in LEFT_OUT.get(kind, {}).items()}
    kept = dict.fromkeys(KEPT[kind].split(), own)
    return [(field.name, (left | kept).get(field.name, snapshot)) for field in fields(kind)]


_cached = lru_cache(8192)(_view)
"""Small values come again and again."""


def _front(text: str) -> str:
    """Whom the console speaks with: its pid, and its program's name if that is an own word."""
    found = FRONT.fullmatch(text)
    return (text if found[1] in OWN else text[: found.start(1)] + FILL) if found else ""


def _left(value: Any) -> Any:
    """As many as there were."""
    if isinstance(value, (tuple, list)):
        return tuple(map(_left, value))
    if isinstance(value, str):
        return blank(value)
    return 0 if isinstance(value, int) else None


RULES: dict[str, Callable[[Any], Any]] = {
    "n": int,
    "w": own,
    "t": blank,
    "l": lines,
    "p": lambda numbers: tuple(map(int, numbers)),
    "s": lambda status: int(status != 0),  # well, or not
    "x": _left,
}
EVENTS = {
    "spawn": "nwx", "exec": "wx", "exit": "sxw", "references": "wx", "signal": "wt", "deadlock": "pt", "oom": "t",
    "think": "x", "thought": "wn", "retire": "x", "trap": "", "forming": "t", "illegal": "t",
    "call": "wtw", "result": "wtnw", "judged": "wtwwt", "ask": "nwttwt", "answered": "nw", "refused": "t",
    "checked": "wtwwwtxnn", "injected": "nnx",
    "switch": "n", "share": "n", "cow": "nn", "shared": "tn", "attached": "tnn",
    "evict": "nn", "swapout": "n", "swapin": "n", "swapfull": "w", "damaged": "nw", "parked": "nn", "unparked": "n",
    "fault": "nwnnnn", "pageout": "nwn", "window": "nw", "mmap": "tnn", "mapin": "nw",
    "pressure": "nn", "overflow": "nn", "moved": "tnn", "undone": "tn",
    "policy": "w", "victims": "w", "adapter": "w", "device": "wn", "attach": "", "interrupt": "", "out": "wl",
}  # fmt: skip
"""Kind of event -> the rule for each of its data: n number, w own word, t text, l lines, p pids, s status, x nothing of it."""


def event(told: Event) -> Event:
    """An event without words; of a kind that is not known, nothing but that it was there."""
    tick, kind, pid, *data = told
    how = EVENTS.get(kind, "")
    if len(how) != len(data):
        how = "x" * len(data)
    return tick, kind, pid, *(RULES[rule](value) for rule, value in zip(how, data, strict=True))


__all__ = ["FILL", "OWN", "event", "picture", "snapshot"]
