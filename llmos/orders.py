"""What each verb of the panel does to the room and its machines.

Knows: the room, and the verbs of `status.VERBS`. Does not know: keys, threads. Runs on the machine's thread, between ticks.
Whatever changes the kernel is delivered to it as a command, so that it stands in the journal like everything from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmos_kernel.ports import Plain

from .status import VERBS

if TYPE_CHECKING:
    from .room import Branch, Room

UNITS = ("phase", "token", "call", "quantum")
KERNEL: dict[str, tuple[type, ...]] = {  # verbs the kernel does itself, and the types of their arguments
    "kill": (int,),
    "stop": (int,),
    "cont": (int,),
    "nice": (int, int),
    "interrupt": (),
    "policy": (str,),
    "plug": (str,),
    "unplug": (str,),
    "frames": (int,),
}


class Orders:
    """One method a verb; each raises ValueError with one line for the person."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def do(self, verb: str, *args: str) -> None:
        if verb in KERNEL:
            self._deliver(verb, args)
        elif verb in VERBS or verb == "say":
            getattr(self, f"_{verb}")(*args)
        else:
            raise ValueError("no such verb")

    def _here(self) -> Branch:
        if self.room.here is None:
            raise ValueError("the machine is still booting")
        return self.room.here

    def _deliver(self, verb: str, args: tuple[str, ...]) -> None:
        """To the kernel of this world, now: the past can't be changed."""
        types = KERNEL[verb]
        if len(args) != len(types):
            raise ValueError(f"takes {len(types)} arguments")
        values: list[Plain] = [kind(arg) for kind, arg in zip(types, args, strict=True)]
        self._present().machine.command(verb, *values)

    def _present(self) -> Branch:
        here = self._here()
        if here.past is not None:
            raise ValueError("this is the past: n goes back to now, B branches from here")
        return here

    # -- talking ----------------------------------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        if self.room.here is None:
            self.room.early.append(line)
            return
        self._now()
        self._here().machine.type(line)
        if self.room.mode == "FROZEN":
            self.room.notice = "kept; the machine is frozen: space runs it, . steps"

    def _spawn(self, program: str, *args: str) -> None:
        self._present().machine.command("spawn", program, *args)

    # -- time -------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        if self.room.mode in ("FROZEN", "REPLAY"):
            self._now()
            self.room.mode, self.room.until = "LIVE", ()

    def _pause(self) -> None:
        if self.room.mode == "LIVE":
            self.room.mode, self.room.until = "FROZEN", ()

    def _step(self, unit: str = "") -> None:
        from .room import STOPS

        room, here = self.room, self._here()
        if unit:
            self._unit(unit)
        if room.mode not in ("LIVE", "FROZEN"):
            return
        if room.unit in STOPS:
            room.mode, room.until = "LIVE", STOPS[room.unit]
            return
        room.mode = "FROZEN"
        room.advance(here, phase=room.unit == "phase")

    def _now(self) -> None:
        for world in self.room.worlds():
            world.past = None
        if self.room.mode == "REPLAY":
            self.room.mode = "FROZEN"

    def _unit(self, unit: str) -> None:
        if unit not in UNITS:
            raise ValueError(f"a step is one of {', '.join(UNITS)}")
        self.room.unit = unit

    def _speed(self, speed: str) -> None:
        value = float(speed)
        if not 0 <= value <= 10_000:
            raise ValueError("tokens a second, 0 = as fast as it can")
        self.room.speed = value

    def _break(self, kind: str = "", *rest: str) -> None:
        self.room.breaks.add(kind, *rest)
        self.room.notice = "breakpoints: " + (", ".join(map(str, self.room.breaks.all)) or "none")

    def _bookmark(self, *words: str) -> None:
        here = self._here()
        text = " ".join(words) or "bookmark"
        here.story.bookmark(here.kernel.tick, text)
        self.room.notice = f"tick {here.kernel.tick:,} marked; [ and ] find it"

    # -- looking ----------------------------------------------------------------------------------------------------

    def _select(self, pid: str) -> None:
        self.room.selected, self.room.following = int(pid), False

    def _follow(self, on: str = "on") -> None:
        self.room.following = on == "on"

    def _inspect(self, kind: str, *args: str) -> None:
        here = self._here()
        self.room.inspection = self.room.inspector.ask(here.kernel, here.story, here.choices, kind, *args)

    def _strace(self, pid: str) -> None:
        self._inspect("trace", pid)
