"""A call before the monitor: what is asked, by whom, with which labels, after what past; and what a decision is.

Knows: the shapes that the rules look at. Does not know: any rule. All of it is frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .forms import Effect
from .labels import KERNEL, Label, join
from .names import Path, fold
from .rights import Rights

ALLOW, DENY, ASK = "allow", "deny", "ask"


class Decision(NamedTuple):
    """`rule` names the rule that decided; `why` is one sentence for a person."""

    verdict: str
    rule: str
    why: str = ""


class Action(NamedTuple):
    """A call with frozen arguments. `label`: the join of all that its words could depend on."""

    device: str
    args: Any = ""  # text, or named values
    label: Label = KERNEL
    by: str = "model"  # "model", "program", or "" when nobody knows
    labels: tuple[tuple[str, Label], ...] = ()  # of single arguments, when a clean planner put them together


class Past(NamedTuple):
    """What has entered a process before the call. `label` is the join of it all."""

    label: Label = KERNEL
    used: Mapping[str, int] = {}
    disk: Mapping[Path, Label] = {}  # labels of files
    answers: Mapping[str, str] = {}  # what the person said before: a call's key -> "once", "process", "never"


class Case(NamedTuple):
    """What the rules look at."""

    rights: Rights
    past: Past
    act: Action
    effect: Effect
    steering: Label  # of the words that choose what happens, and to whom
    whole: Label  # of all words
    led: bool  # is `steering` tainted
    dirty: bool  # is `whole` tainted
    before: bool  # is the past tainted

    @property
    def world(self) -> Label:
        """Everything that was ever in the process."""
        return join(self.past.label, self.whole)


def key(act: Action, effect: Effect) -> str:
    """What an answer for this process is about: the device, what it does, to whom or where, and what else decides it."""
    places = ["/".join(path) for path, _ in effect.touches]
    return "\n".join((act.device, effect.kind, effect.verb, *effect.to, "", *places, "", effect.rest))


def kept(past: Past, path: Path) -> Label | None:
    """The label of a file; of one that differs in capitals only, if it has none of its own."""
    label = past.disk.get(path)
    return past.disk.get(fold(path)) if label is None and past.disk else label
