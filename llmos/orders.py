"""What each verb of the panel does to the room and its machines.

Knows: the room, and the verbs of `status.VERBS`. Does not know: keys, threads. Runs on the machine's thread, between ticks.
Whatever changes the kernel is delivered to it as a command, so that it stands in the journal like everything from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmos_kernel.guard import ANSWERS
from llmos_kernel.ports import Delivery, Plain

from .breaks import USAGE, WATCH_USAGE
from .errors import LlmosError
from .status import VERBS
from .stepping import STOPS, UNITS, after, before, leave

if TYPE_CHECKING:
    from .branch import Branch
    from .room import Room

KERNEL: dict[str, tuple[type, ...]] = {  # verbs the kernel does itself, and the types of their arguments
    "kill": (int,),
    "fork": (int, str),
    "attach": (int,),
    "nice": (int, int),
    "adapter": (int, str),
    "swapout": (int,),
    "park": (int,),
    "unpark": (int,),
    "compact": (int,),
    "undo": (int,),
    "window": (int, int),
    "answer": (int, str),
    "interrupt": (),
    "policy": (str,),
    "victims": (str,),
}


class Booting(ValueError):
    """There is no machine yet."""


class Orders:
    """One method a verb; each raises ValueError with one line for the person."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def do(self, verb: str, *args: str) -> None:
        """What is refused leaves the room as it was."""
        room = self.room
        before = room.mode, room.unit, room.playing, room.until
        try:
            self._do(verb, *args)
        except (TypeError, ValueError, LlmosError):
            room.mode, room.unit, room.playing, room.until = before
            raise

    def _do(self, verb: str, *args: str) -> None:
        if verb in KERNEL:
            self._deliver(verb, args)
        elif verb in VERBS or verb == "say":
            getattr(self, f"_{verb}")(*args)
        else:
            raise ValueError("no such verb")

    def _here(self) -> Branch:
        if self.room.here is None:
            raise Booting("there is no machine yet")
        return self.room.here

    def _deliver(self, verb: str, args: tuple[str, ...]) -> None:
        """To the kernel of this world, now: the past can't be changed."""
        types = KERNEL[verb]
        if verb == "fork" and len(args) == 1:
            args = (*args, "")
        if len(args) != len(types):
            raise ValueError(f"takes {len(types)} arguments")
        values: list[Plain] = [kind(arg) for kind, arg in zip(types, args, strict=True)]
        here = self._present()
        if verb == "answer" and values[0] in here.answered:
            raise ValueError(f"question {values[0]!s} has your word already")
        here.command(verb, *values)
        if verb == "answer" and self.room.mode == "FROZEN":
            self.room.notice = "your word is kept; the call goes on when the machine runs: space, or ."

    def _present(self) -> Branch:
        here = self._here()
        if here.past is not None:
            raise ValueError(self.room.gone())
        return here

    # -- talking ----------------------------------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        """While a call waits, the kernel takes a line for the answer; one that is none would be lost."""
        if self._present().kernel.guard.questions and line.strip().lower() not in ANSWERS:
            raise ValueError(
                "a call waits for your word first: once, process, no or never (F9 shows it); Up has your line"
            )
        here = self._present()
        here.machine.type(line)
        here.typed.append(line)
        if self.room.mode == "FROZEN":
            self.room.notice = "kept; the machine is frozen: space runs it, . steps"

    def _spawn(self, program: str, *args: str) -> None:
        self._present().command("spawn", program, *args)

    def _stop(self, pid: str) -> None:
        self._present().command("kill", int(pid), "STOP")

    def _cont(self, pid: str) -> None:
        self._present().command("kill", int(pid), "CONT")

    def _plug(self, name: str) -> None:
        self._mount(name, True)

    def _unplug(self, name: str) -> None:
        self._mount(name, False)

    def _mount(self, name: str, on: bool) -> None:
        """Devices come and go in the order they were booted with."""
        kernel, world = self._present().kernel, self._here().machine.world
        if name not in kernel.config.devices:
            raise ValueError(f"no device {name!r}; there are {', '.join(kernel.config.devices)}")
        left = [d for d in kernel.config.devices if (on if d == name else d in kernel.devices)]
        world.deliver(Delivery("devices", name, tuple(left)))
        if self.room.mode == "FROZEN":
            self.room.notice = f"{name} is {'plugged in' if on else 'unplugged'} when the machine runs on: space, or ."

    # -- time -------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        """A past that runs on by itself is held by the same word."""
        room, here = self.room, self._here()
        if here.past is not None:
            room.playing = not room.playing
        else:
            self._can_run()
            room.mode, room.until = "LIVE", ()

    def _pause(self) -> None:
        self._here()
        self.room.playing = False
        if self.room.mode == "LIVE":
            self.room.mode, self.room.until = "FROZEN", ()

    def _step(self, unit: str = "") -> None:
        room, here = self.room, self._here()
        if unit:
            self._unit(unit)
        room.playing = False
        if here.past is not None:
            place = after(here, room.unit)
            leave(here, room.unit)
            self._visit(*place)
            room.abreast(here.kernel.tick)
            return
        self._can_run()
        leave(here, room.unit)
        if room.unit in STOPS:
            room.mode, room.until = "LIVE", STOPS[room.unit]
        else:
            room.advance(here, phase=room.unit == "phase")
            room.mode = room.resting()

    def _can_run(self) -> None:
        """Raises ValueError where nothing more can happen."""
        if self.room.mode not in ("LIVE", "FROZEN"):
            raise ValueError(self.room.over())

    def _back(self) -> None:
        self._visit(*before(self._here(), self.room.unit))

    def _goto(self, tick: str) -> None:
        wanted, last = int(tick.replace(",", "")), self.room.reach()
        if wanted < 0:
            raise ValueError("the first tick is 0")
        late = last is not None and wanted > last
        if late and self.room.first_mode == "LIVE":
            raise ValueError(f"there is no tick {wanted:,} yet: the last one is {last:,}")
        self._visit(wanted)
        if late:
            self.room.notice = f"there is no tick {wanted:,}: the recording ends at {last:,}"

    def _visit(self, tick: int, phase: int = 0) -> None:
        """Both worlds, as they were before a phase of a tick."""
        room = self.room
        room.playing = False
        if room.mode == "LIVE":
            room.mode = "FROZEN"
        for world in room.worlds():
            world.look(tick, phase)
        room.mode = "REPLAY" if self._here().past is not None else room.resting()

    def _now(self) -> None:
        for world in self.room.worlds():
            world.now()
        self.room.playing = False
        if self.room.mode == "REPLAY":
            self.room.mode = self.room.resting()

    def _mark(self, step: str) -> None:
        """To the mark before, or the one after."""
        here = self._here()
        ticks = [mark.tick for mark in here.story.marks()]
        now = here.kernel.tick
        found = [t for t in ticks if t > now][:1] if int(step) > 0 else [t for t in ticks if t < now][-1:]
        if not found:
            raise ValueError("there is none further on" if int(step) > 0 else "there is none before")
        self._goto(str(found[0]))

    def _branch(self) -> None:
        """A second world from the tick that is looked at; it gets the keys."""
        room, here = self.room, self._here()
        if here.machine.past is None:
            raise ValueError("nothing was kept of this session")
        tick = here.kernel.tick
        room.mode = "FROZEN"
        new = room.parted(here, tick)
        said = f"world {new.name} begins at tick {tick:,}; w shows both, space runs both"
        if room.other:
            room.aside.append(room.other)
            said += f"; world {room.other.name} waits: `:world {room.other.name}` goes there"
        room.here, room.other = new, here
        here.look(tick)
        room.notice = said

    def _world(self, name: str = "") -> None:
        """To the other world, or to one by name; where one was before is then the other."""
        room, here = self.room, self._here()
        if room.other is None:
            raise ValueError(room.alone())
        there = [room.other, *room.aside]
        chosen = next((world for world in there if world.name == (name or room.other.name)), None)
        if chosen is None:
            raise ValueError(f"the other worlds are {', '.join(world.name for world in there)}, not {name!r}")
        room.here, room.other, room.aside = chosen, here, [w for w in there if w is not chosen]
        runs, past = room.mode == "LIVE" or room.playing, chosen.past is not None
        room.mode = "REPLAY" if past else "LIVE" if runs else room.resting()
        room.playing = runs and past

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
        if kind:
            self.room.breaks.add(kind, *rest)
        self._tell_breaks(USAGE)

    def _watch(self, kind: str = "", *rest: str) -> None:
        if kind:
            self.room.breaks.watch(self._here().kernel, kind, *rest)
        self._tell_breaks(WATCH_USAGE)

    def _tell_breaks(self, usage: str) -> None:
        breaks = ", ".join(map(str, self.room.breaks.all))
        self.room.notice = f"it stops at: {breaks}" if breaks else f"stops nowhere; {usage}"

    def _bookmark(self, *words: str) -> None:
        here = self._here()
        text = " ".join(words) or "bookmark"
        here.story.bookmark(here.kernel.tick, text)
        self.room.notice = f"tick {here.kernel.tick:,} marked; [ and ] find it"

    # -- looking ----------------------------------------------------------------------------------------------------

    def _select(self, pid: str) -> None:
        if int(pid) not in self._here().kernel.processes:
            raise ValueError(f"no process {int(pid)}")
        self.room.selected, self.room.following = int(pid), False

    def _follow(self, on: str = "on") -> None:
        if on not in ("on", "off"):
            raise ValueError(f"on or off, not {on!r}")
        self.room.following = on == "on"

    def _inspect(self, kind: str, *args: str) -> None:
        here, kernel = self._here(), self._here().kernel
        if kind == "token":
            pid = int(args[0]) if args else here.choices.newest(kernel)
            kernel, args = here.living(pid), (str(pid), *args[1:])
        self.room.inspection = self.room.inspector.ask(kernel, here.story, here.choices, here.attention, kind, *args)
