"""One world of the room: a machine, its story, and the choices made in it; and which moment of it is looked at.

Knows: the machine, its past, what is kept for those who look. Does not know: a second world, screens, threads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmos_kernel.kernel import Kernel
from llmos_kernel.ports import Delivery, Event, Plain

from .attention import attention
from .choices import Choices
from .lately import Lately
from .narrate import Story
from .portrait import drawn
from .status import Attention, MachineView
from .streams import Streams

if TYPE_CHECKING:
    from .machine import Machine

Place = tuple[int, int]
"""A tick, and the phase of it that comes next."""


class Branch:
    """One world: a machine, its story, and the choices made in it. Owned by the room's thread."""

    compared = True  # may there be another world beside it?

    def __init__(
        self,
        name: str,
        machine: Machine,
        story: Story | None = None,
        choices: Choices | None = None,
        streams: Streams | None = None,
        lately: Lately | None = None,
    ) -> None:
        self.name, self.machine = name, machine
        self.streams = streams or Streams()
        self.lately = lately or Lately()
        self.story = story or Story()
        self.choices = choices or Choices()
        self.past: Kernel | None = None  # the earlier state that is looked at, None = now
        self.told = self.story  # of a tick of the past that is half over, the story up to there
        self.asked: list[Delivery] = []  # commands that the next tick brings
        self.typed: list[str] = []  # lines that it brings
        self.came: list[Place] = []  # where steps began that a step back has no other way to find, in order

    @property
    def kernel(self) -> Kernel:
        """What is looked at."""
        return self.past or self.machine.kernel

    @property
    def place(self) -> Place:
        return self.kernel.tick, self.kernel.phase

    @property
    def answered(self) -> set[Plain]:
        """Questions of the kernel to which the next tick brings an answer."""
        present = self.past is None
        return {d.data[0] for d in self.asked if present and d.target == "answer" and isinstance(d.data, tuple)}

    def drawn(self, blank: MachineView, selected: int) -> MachineView:
        """What is looked at as the screen shows it, without what is told of it; of `selected` also the pages."""
        return replace(drawn(self.kernel, blank, selected), lately=self.lately.at(self.kernel))

    def look(self, tick: int, phase: int = 0) -> None:
        """At the machine as it was before a phase of `tick`; at the machine itself if it has not got so far."""
        now = self.machine.kernel
        self.now()
        if (tick, phase) >= (now.tick, now.phase):
            return
        if self.machine.past is None:
            raise ValueError("nothing was kept of this session")
        self.past = self.machine.past.kernel(tick, phase)
        if self.past.phase:
            self.told = self.story.cut(tick)
            self.told.take(self.past.events)

    def now(self) -> None:
        """At the machine itself."""
        self.past, self.told = None, self.story

    def relive(self) -> list[Event]:
        """The tick of the past that is looked at happens again, and is over; its events."""
        assert self.machine.past is not None
        tick, phase = self.place
        events = self.machine.past.relive(tick, phase)
        self.look(tick + 1)
        return events

    def command(self, verb: str, *args: Plain) -> None:
        """Ask the kernel for something. Raises ValueError at once with what it would say to that."""
        past = self.machine.past
        asked = [*self.asked, Delivery("command", verb, args)]
        said = past.refusal(self.machine.kernel, asked) if past is not None else ""
        if said:
            raise ValueError(said.removeprefix(f"{verb}: "))
        self.asked = asked
        self.machine.command(verb, *args)

    def living(self, pid: int) -> Kernel:
        """What is looked at; for a process that has ended by then, as it was before its last choice."""
        tick = self.choices.ended(pid, self.kernel)
        return self.kernel if tick < 0 or self.machine.past is None else self.machine.past.kernel(tick)

    def attention(self, pid: int, position: int) -> Attention:
        """Where a token of a process looked. Raises ValueError with the reason when nobody can tell."""
        return attention(self.living(pid), self.machine.kernel, self.machine.prober, pid, position)

    def step(self, phase: bool = False) -> list[Event]:
        """One tick, or one phase of it, of the machine itself."""
        kernel = self.machine.kernel
        self.asked.clear()
        self.typed.clear()
        if phase:
            kernel.step_phase()
        else:
            kernel.step()
        if kernel.phase == 0:
            self.choices.watch(kernel)
            if self.compared:
                self.streams.watch(kernel)
            if self.machine.past is not None:
                self.machine.past.follow(kernel)
        events = kernel.take_events()
        self.lately.watch(kernel, events)
        self.story.take(events, self.machine.watch)
        return events
