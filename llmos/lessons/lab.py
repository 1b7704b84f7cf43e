"""What a scenario works with: a seed, machines to boot, a place for what it measures and for what it shows.

Knows: how to boot a machine for a lesson and how to ask it. Does not know: which lesson, who is asked what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmos.cpu.config import Model
    from llmos.machine import Machine
    from llmos_kernel.cpu import Cpu

DEVICES = ("calc", "clock", "files", "search")


class _Facts(dict[str, Any]):
    """A placeholder nobody filled stays as it was written."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@dataclass
class Lab:
    """Owned by one session. `facts` fill the text's {placeholders}; `measured` answers questions; `shown` is the reveal."""

    seed: int = 0
    model_name: str = "nano"
    own: Path | None = None  # a student's own policy file
    facts: dict[str, Any] = field(default_factory=_Facts)
    measured: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    stop: str = ""
    running: Machine | None = None
    engines: dict[int, Cpu] = field(default_factory=dict)  # by lanes

    @cached_property
    def rng(self) -> Random:
        return Random(self.seed)

    @cached_property
    def model(self) -> Model:
        """The lesson's CPU, loaded once."""
        from llmos.boot import load_model

        return load_model(self.model_name)

    def say(self, line: str = "") -> None:
        """A line for the reveal."""
        self.shown.append(line)

    def table(self, rows: Sequence[Sequence[Any]]) -> None:
        """Rows of cells, aligned; the first is the heading."""
        cells = [[str(c) for c in row] for row in rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        for row in cells:
            self.say("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())

    def fill(self, text: str) -> str:
        return text.format_map(_Facts({**self.measured, **self.facts})) if "{" in text else text

    def machine(self, **options: Any) -> Machine:
        """A machine on the lesson's CPU; `options` as in `boot.Options`. One at a time: they share the compiled engine."""
        from llmos.boot import Options, boot, build_engine

        self.close()
        wanted = Options(**{"model": self.model_name, "seed": self.seed & 0xFFFF, "lanes": 1, "devices": (), **options})
        if wanted.lanes not in self.engines:
            self.engines[wanted.lanes] = build_engine(self.model, wanted)
        self.running = boot(wanted, model=self.model, engine=self.engines[wanted.lanes])
        return self.running

    def ask(self, text: str, devices: tuple[str, ...] = DEVICES, **options: Any) -> Answer:
        """One question to a fresh machine with these devices."""
        from llmos import boot

        machine = self.machine(devices=devices, init=("ask", text, boot.SYSTEM), **options)
        shares: list[float] = []
        value: tuple[Any, ...] = ("", 0, ())
        for events in machine.events():
            for _, kind, pid, *data in events:
                if kind == "retire" and (process := machine.kernel.processes.get(pid)):
                    shares += [weight / 65535 for token, weight in process.top if token == data[0][-1]]
                elif kind == "exit" and isinstance(data[1], tuple):
                    value = data[1]
        return Answer(value[0].strip(), tuple(value[2]), tuple(shares))

    def close(self) -> None:
        if self.running:
            self.running.close()
            self.running = None


@dataclass(frozen=True)
class Answer:
    """What came back: words, calls as (device, arguments, result), and the probability of each sampled token."""

    text: str
    calls: tuple[tuple[str, str, str], ...]
    shares: tuple[float, ...]
