"""What the screen may know of the machine around the kernel: how it boots, how fast it runs, what it is called.

Knows: frozen values. Does not know: threads, JAX, the kernel's insides. Written by `boot.Machine`, drawn by `tui`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Protocol

from llmos_kernel.view import LaneView, Snapshot, TokenView

KEPT = "kept until the machine is up"
"""What is said of an order that waits."""
DREAMED = "~"
"""What words rest on that no result in the context supports."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One line of the power-on self-test."""

    part: str  # "file 1", "CPU", "RAM", ...
    text: str
    state: str = "wait"  # "wait" | "busy" | "ok" | "fail"
    fraction: float = -1.0  # 0..1 while busy and known, else -1


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log or console panel."""

    tick: int
    text: str
    who: str = "K"  # "m" model, "K" kernel or program, "u" person, "d" device


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of console output by one author; consecutive runs join on a line until a text contains a newline."""

    who: str
    text: str
    pid: int = 0
    rests: str = (
        ""  # of the model's words: the device whose result they rest on, DREAMED, or "" where it was not judged
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on the timeline that one may want to go back to."""

    tick: int
    letter: str  # c call, t trap, r result, f fault, e eviction, x exit, ! refusal, b bookmark
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of an inspector."""

    name: str
    text: str
    who: str = ""  # an author's letter, for text that somebody wrote


@dataclass(frozen=True, slots=True)
class Question:
    """A call that is held until the person has a word on it. Its arguments are frozen: what is shown is what will be done."""

    number: int
    pid: int
    program: str
    by: str  # who wrote the call: "model" or "program"
    device: str
    args: str
    effect: str  # what it would do outside: one of `llmos_kernel.forms.KINDS`
    targets: tuple[str, ...]  # to whom, or where
    ring: str  # of its words
    label: str  # the same with readers and origins, in words
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """A search on the disk and what came of it, best first; a hit is (place, words of the query in it, text)."""

    tick: int
    pid: int
    query: str
    words: int  # of the query
    hits: tuple[tuple[str, int, str], ...] = ()
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Attention:
    """How much of a token's attention each page got, in every layer and head. A weight of 65535 is all of it."""

    position: int  # of the token that looked
    token: str
    pages: tuple[int, ...]  # that it could see and that are in RAM
    missing: int  # pages before it that are not
    layers: int
    heads: int  # of each layer
    weights: tuple[int, ...]  # [layers, heads, pages], a page after the other
    who: str  # whose words fill each page most, an author's letter a page
    texts: tuple[str, ...]  # of each page
    anew: bool = False  # its pages were gone: all its words were read again to tell it

    def row(self, layer: int | None, head: int | None) -> tuple[float, ...]:
        """Shares of 1, a page each; None is the mean over all layers, or all heads."""
        n = len(self.pages)
        layers = range(self.layers) if layer is None else (layer,)
        heads = range(self.heads) if head is None else (head,)
        firsts = [(at * self.heads + h) * n for at in layers for h in heads]
        return tuple(sum(self.weights[first + i] for first in firsts) / (65535 * len(firsts)) for i in range(n))


@dataclass(frozen=True, slots=True)
class Inspection:
    """An answer to `inspect`: facts about one thing at one tick. `number` tells two answers apart."""

    number: int
    kind: str  # process | page | token | call | choice | trace
    title: str
    facts: tuple[Fact, ...]
    top: tuple[tuple[str, float], ...] = ()  # of a token: the likeliest, likeliest first
    chosen: str = ""
    mass: tuple[float, ...] = ()  # of a token: attention per page, shares of 1
    attention: Attention | None = None  # of a token: the same for each layer and head


@dataclass(frozen=True, slots=True)
class Wrote:
    """A token that came into a context; None where the process had ended by then."""

    tick: int
    place: int = -1  # in its context
    token: TokenView | None = None


@dataclass(frozen=True, slots=True)
class Parted:
    """The first token in which two worlds differ, printed or not, whoever wrote it."""

    pid: int
    here: Wrote
    there: Wrote


@dataclass(frozen=True, slots=True)
class MachineView:
    """One posted picture of everything. Comparable: an equal view needs no redraw."""

    mode: str  # "BOOT" | "LIVE" | "FROZEN" | "REPLAY" | "HALTED"
    snapshot: Snapshot
    model: str = ""
    arithmetic: str = ""  # exact8 | float32 | bfloat16
    seed: int = 0
    speed: float = 8.0  # asked for, tokens/s of all lanes; 0 = as fast as it can
    rate: float = 0.0  # measured tokens/s, all lanes
    boot: tuple[SelfTest, ...] = ()
    console: tuple[Run, ...] = ()  # the whole visible console, oldest first, bounded
    foreground: str = ""  # "pid 2 sh"
    waiting: tuple[str, ...] = ()  # typed lines that nobody has read yet, oldest first
    log: tuple[Line, ...] = ()  # bounded tail, oldest first
    unit: str = "token"  # what one step is: phase | token | call | quantum
    journal: str = ""  # where it is recorded
    notice: str = ""  # one line for the person, "" = none
    problem: str = ""  # why the machine can't run, "" = fine
    working: str = ""  # what has been at work for so long that it must be said, and how long
    devices: tuple[tuple[str, str, str], ...] = field(default=())  # (name, "*" ready "~" busy "o" unplugged, last call)
    branch: str = "main"
    now: int = 0  # the tick of the machine itself; the snapshot's is earlier in REPLAY
    marks: tuple[Mark, ...] = ()  # bounded, oldest first
    lately: tuple[LaneView, ...] = ()  # of each idle lane that anybody had: who had it last
    switches: tuple[int, ...] = ()  # ticks in which a lane went to another process, bounded, oldest first
    breaks: tuple[str, ...] = ()  # breakpoints in words
    found: Found | None = None  # the last search
    policy: str = ""  # who gets the lanes
    inspection: Inspection | None = None
    parted: Parted | None = None  # where this world and the other came apart
    questions: tuple[Question, ...] = ()  # calls that wait for the person's word, oldest first
    other: MachineView | None = None  # the second world, at the same tick if it got there
    role: str = ""  # "watching": another screen has the keys
    redacted: bool = False  # a recording without its words

    @property
    def refused(self) -> bool:
        """Is the notice about something that was not done? Then it begins with what was asked for: `verb: why`."""
        return self.notice.partition(":")[0] in (*VERBS, "say") and not self.notice.endswith(KEPT)

    @property
    def recorded(self) -> bool:
        """Is it one that is over, of which only the journal is left?"""
        return self.branch == PurePath(self.journal).name


BLANK = MachineView("BOOT", Snapshot(0, "deliver"))
"""Before the first picture."""


VERBS = [
    "run",
    "pause",
    "step",
    "back",
    "goto",
    "now",
    "mark",
    "bookmark",
    "branch",
    "world",
    "unit",
    "speed",
    "select",
    "follow",
    "kill",
    "stop",
    "cont",
    "fork",
    "attach",
    "nice",
    "adapter",
    "interrupt",
    "spawn",
    "policy",
    "victims",
    "plug",
    "unplug",
    "window",
    "swapout",
    "park",
    "unpark",
    "compact",
    "undo",
    "answer",
    "break",
    "watch",
    "inspect",
]


class Panel(Protocol):
    """The one door from a screen to a machine. Every method returns at once; the work happens on the machine's thread."""

    first_mode: str  # what it opens in: "LIVE", or "REPLAY" where nobody is there to type to

    def start(self, post: Callable[[MachineView], None]) -> None:
        """Boot and begin. `post` is called from the machine's thread, at most 20 times a second and only on change."""

    def say(self, line: str) -> None:
        """A typed line for the console's foreground process. Kept if the machine is still booting."""

    def command(self, verb: str, *args: str) -> None:
        """One of `VERBS`, with its arguments as text; what can't be done comes back as a notice."""

    def close(self, leave: bool = False) -> str:
        """End the journal and stop the machine, unless it is to `leave` it running and it can go on without a screen.

        Gives a line to print when the screen is gone. May wait for seconds.
        """
