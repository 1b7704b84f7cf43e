"""A lesson's machine as it runs, for those who look on: slowly at first, so that one can follow, then as fast as it can.

Knows: the clock, ticks, what a machine tells of itself. Does not know: screens. Called by the thread that steps the machine,
which whoever looks on may hold after a tick. The last ticks are kept, so that one can step back through what was revealed.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from llmos.branch import Branch
from llmos.errors import LlmosError
from llmos.portrait import world
from llmos.status import BLANK, MachineView

if TYPE_CHECKING:
    from llmos.machine import Machine

FRAME = 0.05  # seconds between two pictures
FOLLOWED = 6.0  # seconds of a run that are played at watching speed
KEPT = 400  # ticks that one can step back


class Left(LlmosError):
    """Nobody looks on any more: the run is of no use."""


class Watching:
    """`begin` where a run begins; then called after every tick. `speed` in tokens a second, 0 = as fast as it can."""

    def __init__(self, show: Callable[[MachineView], object], speed: float) -> None:
        self.show, self.speed = show, speed
        self.film: deque[MachineView] = deque(maxlen=KEPT)  # of the run that began last, a view a tick
        self.left = self.held = False
        self._steps = 0  # ticks that are wanted of a machine that is held
        self._gate = threading.Condition()
        self._began = self._shown = 0.0
        self._branch: Branch | None = None

    def begin(self) -> None:
        self._began = time.monotonic()
        self.film.clear()
        self.hold(False)

    def leave(self) -> None:
        """The run ends at its next tick."""
        with self._gate:
            self.left = True
            self._gate.notify()

    def hold(self, held: bool) -> None:
        """Stop after the tick that is under way, or go on."""
        with self._gate:
            self.held, self._steps = held, 0
            self._gate.notify()

    def step(self) -> None:
        """One tick of a machine that is held; one that runs is held after this one."""
        with self._gate:
            self._steps += self.held
            self.held = True
            self._gate.notify()

    def now(self, machine: Machine | None) -> MachineView | None:
        """A machine as it stands."""
        return _view(self._of(machine)) if machine else None

    def __call__(self, machine: Machine) -> None:
        if self.left:
            raise Left("the lesson was left")
        branch = self._of(machine)
        branch.story.take(machine.kernel.events, machine.watch)
        branch.lately.watch(machine.kernel, machine.kernel.events)
        self.film.append(_view(branch))
        self._wait()
        now = time.monotonic()
        slowly = self.speed > 0 and now - self._began < FOLLOWED
        if slowly or now - self._shown >= FRAME:
            self._shown = now
            self.show(self.film[-1])
        if slowly and any(burst.steps and len(burst.feed) == 1 for burst in machine.kernel.work.bursts):
            time.sleep(1 / self.speed)

    def _wait(self) -> None:
        """As long as it is held; a step lets one tick go by. Raises Left."""
        with self._gate:
            if self.held and not self._steps:
                began = time.monotonic()
                self.show(self.film[-1])
                self._gate.wait_for(lambda: self._steps or self.left or not self.held)
                self._began += time.monotonic() - began
            self._steps = max(0, self._steps - 1)
        if self.left:
            raise Left("the lesson was left")

    def _of(self, machine: Machine) -> Branch:
        """A lesson's machines run one after another, each with a story of its own."""
        if self._branch is None or self._branch.machine is not machine:
            self._branch = Branch("lesson", machine)
        return self._branch


def _view(branch: Branch) -> MachineView:
    return world(branch, replace(BLANK, mode="FROZEN"), 0)
