"""What a room has of a redacted recording in the place of a past, a story, breakpoints and an inspector.

Knows: films, and which questions they can answer. Does not know: rooms. What only words or a kernel could answer is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from llmos_kernel.kernel import Kernel
from llmos_kernel.ports import Delivery, Event

from .breaks import KINDS, Breaks
from .choices import Choices
from .errors import LlmosError
from .film import Film, Shot
from .inspection import Inspector, Look
from .narrate import Story
from .status import Fact, Inspection

HIDDEN = "this recording is redacted"
NOTICE = f"{HIDDEN}: words, token ids and what the model reckoned were left out"


class Filmed:
    """As `recording.Replayed`: any tick is read from the film, none is computed."""

    def __init__(self, film: Film) -> None:
        self.film, self.present = film, film.shot(0)

    def follow(self, kernel: Kernel) -> None:
        """Nothing has to be kept."""

    def kernel(self, tick: int, phase: int = 0) -> Shot:
        return self.film.shot(tick)

    def relive(self, tick: int, phase: int = 0) -> list[Event]:
        return list(self.film.shot(tick + 1).events)

    def refusal(self, kernel: Kernel, asked: Sequence[Delivery]) -> str:
        return ""  # the recording itself refuses everything

    def branch(self, *_: object) -> Any:
        raise LlmosError(f"{HIDDEN}: nothing new can happen in it")


class Wordless(Story):
    """Nothing is said of what words rest on: they are gone."""

    def _weigh(self, tick: int, kind: str, pid: int, data: Sequence[Any]) -> None:
        """Nothing is kept for a judgement."""


class NoChoices(Choices):
    """Which tokens were chosen is left out."""

    def newest(self, kernel: Kernel) -> int:
        raise ValueError(f"{HIDDEN}: it has no tokens to look into")


class FilmBreaks(Breaks):
    """Events and ticks can be waited for, words and values can't."""

    def add(self, kind: str, *rest: str) -> None:
        if kind not in (*KINDS, "tick", "clear"):
            raise ValueError(f"{HIDDEN}: it stops at break {'|'.join(KINDS)}, break tick N")
        super().add(kind, *rest)

    def watch(self, kernel: Kernel, kind: str, *rest: str) -> None:
        raise ValueError(f"{HIDDEN}: no value in it can be watched, but it stops at break {'|'.join(KINDS)}")


class FilmInspector(Inspector):
    """Of a process its row, and the trace of its calls."""

    def ask(self, kernel: Any, story: Story, choices: Choices, look: Look, kind: str, *args: str) -> Inspection:
        if kind == "trace":
            return super().ask(kernel, story, choices, look, kind, *args)
        if kind != "process":
            raise ValueError(f"{HIDDEN}: it can be asked for process PID and trace PID")
        pid = int(args[0]) if args and args[0].isdecimal() else 0
        if pid not in kernel.processes:
            raise ValueError(f"no process {pid} now; if there was one, comma goes back to it")
        row = kernel.processes[pid]
        facts = tuple(Fact(field.name, f"{getattr(row, field.name)}") for field in fields(row))
        return Inspection(next(self._numbers), kind, f"process {pid} {row.program}", facts)
