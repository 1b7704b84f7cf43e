"""What a scenario works with: a seed, machines to boot, a place for what it measures and for what it shows.

Knows: how to boot a machine for a lesson and how to ask it. Does not know: which lesson, who is asked what. All machines of
one lesson, and of one class, share a loaded model and its compiled engines (`Cpus`), so they run one after another.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from llmos.errors import UsageError

if TYPE_CHECKING:
    from llmos.cpu.config import Model
    from llmos.machine import Machine
    from llmos.options import Options
    from llmos_kernel.cpu import Cpu

DEVICES = ("calc", "clock", "files", "search")
BLANK = "______"


class _Facts(dict[str, Any]):
    """A placeholder nobody filled stays as it was written."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class Cpus:
    """Owns one loaded model and the engines compiled for it, one for each shape that a lesson asked for."""

    def __init__(self, name: str = "nano") -> None:
        self.name = name
        self._engines: dict[tuple[int, int, int | None, int], Cpu] = {}

    @cached_property
    def model(self) -> Model:
        from llmos.processor import load_model

        return load_model(self.name)

    @cached_property
    def taught(self) -> Model:
        """The model with the adapter that taught it to call devices, if one is shipped for it."""
        from llmos.processor import adapted

        return adapted(self.model)

    def engine(self, options: Options) -> Cpu:
        """Compiles a shape when it is first run: a lesson needs few of them."""
        from llmos.cpu.engine import Engine
        from llmos.cpu.xla import configure
        from llmos.options import PAGE

        shape = (options.lanes, options.frames, options.max_pages, options.chunk)
        if shape not in self._engines:
            configure()
            longest = min(self.taught.config.context // PAGE, options.frames - 1)
            pages = min(options.max_pages or longest, longest)
            self._engines[shape] = Engine(
                self.taught, options.mode, options.frames, options.lanes, pages, options.chunk
            )
        return self._engines[shape]


@dataclass
class Lab:
    """Owned by one session. `facts` fill the text's {placeholders}; `measured` answers questions; `shown` is the reveal."""

    seed: int = 0
    model_name: str = "nano"
    own: Path | None = None  # a student's own file: a policy, a device or a text, as the lesson's header says
    live: bool = False  # train now what is otherwise read from a shipped measurement
    blank: bool = False  # a worksheet: what was measured is left to be filled in
    cpus: Cpus | None = None
    facts: dict[str, Any] = field(default_factory=_Facts)
    measured: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    stop: str = ""
    running: Machine | None = None
    watch: Callable[[Machine], None] | None = None  # looks on after every tick of each machine
    _folders: list[tempfile.TemporaryDirectory[str]] = field(default_factory=list)

    @cached_property
    def rng(self) -> Random:
        return Random(self.seed)

    @cached_property
    def processor(self) -> Cpus:
        return self.cpus or Cpus(self.model_name)

    @property
    def model(self) -> Model:
        """The lesson's CPU, loaded once."""
        return self.processor.model

    # -- what is shown ------------------------------------------------------------------------------------------------

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
        measured = dict.fromkeys(self.measured, BLANK) if self.blank else self.measured
        return text.format_map(_Facts({**measured, **self.facts})) if "{" in text else text

    # -- machines -----------------------------------------------------------------------------------------------------

    def folder(self, files: Mapping[str, str] = {}) -> Path:
        """A folder with these files in it, gone when the lesson is over with all that a machine puts beside it."""
        made = tempfile.TemporaryDirectory(prefix="llmos-lesson-")
        self._folders.append(made)
        home = Path(made.name, "home")
        home.mkdir()
        for name, text in files.items():
            (home / name).write_text(text, encoding="utf-8")
        return home

    def machine(self, **options: Any) -> Machine:
        """A machine on the lesson's CPU; `options` as in `options.Options`. One at a time: they share the compiled engine."""
        from llmos.boot import boot
        from llmos.options import Options

        self._stop_machine()
        wanted = Options(**{"model": self.model_name, "seed": self.seed & 0xFFFF, "lanes": 2, "devices": (), **options})
        self.running = boot(wanted, model=self.processor.taught, engine=self.processor.engine(wanted))
        self._mount_own(self.running)
        self.running.stepped = self.watch
        return self.running

    def _mount_own(self, machine: Machine) -> None:
        """The student's own device takes the place of ours of the same name."""
        if self.own is not None and "calc" in machine.world.devices and self.own.suffix == ".py":
            from .owndevice import OwnDevice

            machine.world.devices = {**machine.world.devices, "calc": OwnDevice(str(self.own), "calc")}

    def ask(self, *texts: str, devices: tuple[str, ...] = DEVICES, **options: Any) -> list[Answer]:
        """Questions to a fresh machine with these devices, each to a process of its own: none knows of the others."""
        from llmos.options import SYSTEM

        machine = self.machine(devices=devices, init=("asks", 2, 256, 0, SYSTEM, *texts), **options)
        shares: dict[int, list[float]] = {}
        values: dict[int, tuple[Any, ...]] = {}
        for events in machine.events():
            for _, kind, pid, *data in events:
                if kind == "retire" and (process := machine.kernel.processes.get(pid)):
                    likely = (weight / 65535 for token, weight in process.top if token == data[0][-1])
                    shares.setdefault(pid, []).extend(likely)
                elif kind == "exit" and isinstance(data[1], tuple):
                    values[pid] = data[1]
        return [
            Answer(text.strip(), tuple(calls), tuple(shares[pid]))
            for pid, (text, _, calls, _) in sorted(values.items())  # pids grow in the order of the questions
        ]

    def own_text(self) -> str:
        """The student's own text, "" when there is none. Raises UsageError for a file that can't be read."""
        if self.own is None:
            return ""
        try:
            return self.own.read_text("utf-8")[:1000]
        except (OSError, UnicodeDecodeError) as e:
            raise UsageError(f"{self.own}: can't be read as text ({e})") from None

    def _stop_machine(self) -> None:
        if self.running:
            self.running.close()
            self.running = None

    def close(self) -> None:
        self._stop_machine()
        while self._folders:
            self._folders.pop().cleanup()


@dataclass(frozen=True)
class Answer:
    """What came back: words, calls as (device, arguments, result), and the probability of each sampled token."""

    text: str
    calls: tuple[tuple[str, str, str], ...]
    shares: tuple[float, ...]
