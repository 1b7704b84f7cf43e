"""A redacted recording: what the screen showed after each tick, and what was told of it, all without words.

Knows: how such a file is made of a journal, and read from any tick on. Does not know: what is taken out (`redaction.py`), or
rooms. A journal without its words could not be run again, since programs and devices act on words. So this is a film of the
run: nothing is computed when it is played, and there is nothing behind the pictures to look into.

Layout: as a journal's (`journal.py`). The header, then a record for each tick: (events, picture), where a picture is packed
as on the wire, whole every `EVERY` ticks and else as what changed. Record n shows the machine before tick n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO, get_args, get_origin, get_type_hints
from zlib import crc32

from llmos_kernel.cpu import Geometry
from llmos_kernel.errors import EndOfJournal
from llmos_kernel.journal import Header, Player, Record, again
from llmos_kernel.kernel import Kernel, Program, Work
from llmos_kernel.look import inside
from llmos_kernel.ports import Event
from llmos_kernel.view import FrameView, PageView, Snapshot, TokenView

from . import journal, redaction, wire
from .journal import JournalError
from .lately import Lately
from .narrate import log_line
from .portrait import drawn
from .status import BLANK, MachineView
from .tape import FileTape

EVERY = 128  # ticks between two whole pictures
SMALL = (FrameView, PageView, TokenView)  # of these there are many, and most are seen again
Picture = tuple[Any, ...]
"""A MachineView, then of each process a Snapshot with its pages and window."""


# -- making -------------------------------------------------------------------------------------------------------------


def made(header: Header, records: Iterable[Record], programs: dict[str, Program]) -> Iterator[bytes]:
    """The file, a record at a time, of a session that is run again. Raises Divergence."""
    yield journal.REDACTED + journal.framed({"layout": layout()})
    kernel, lately = again(header, Player(header, records), programs), Lately()
    before: Picture = ()
    try:
        while True:
            events = kernel.take_events()
            lately.watch(kernel, events)
            picture = _picture(kernel, lately)
            packed = wire.pack(wire.changes(before, picture) if kernel.tick % EVERY else picture)
            yield journal.framed((_told(events), packed))
            before = picture
            if kernel.halted:
                return
            kernel.step()
    except EndOfJournal:
        if events := kernel.take_events():  # of a tick that was cut off
            yield journal.framed((_told(events), b""))


def _told(events: list[Event]) -> tuple[Event, ...]:
    return tuple(map(redaction.event, events))


def _picture(kernel: Kernel, lately: Lately) -> Picture:
    view = redaction.picture(replace(drawn(kernel, BLANK, 0), lately=lately.at(kernel)))
    bare = replace(view, snapshot=replace(view.snapshot, pages=(), window=(), moved=()))
    pids = (pid for pid, process in kernel.processes.items() if process.space.tokens)
    return (bare, *(redaction.snapshot(inside(kernel, pid)) for pid in pids))


def layout() -> int:
    """What pictures are made of in this version: others can't be read."""
    return crc32(repr([(kind.__name__, [f.name for f in fields(kind)]) for kind in wire.TYPES]).encode())


# -- reading ------------------------------------------------------------------------------------------------------------


class Shot:
    """The machine before one tick, as far as it was filmed. In the place of a kernel, for those who only look."""

    phase = 0

    def __init__(self, tick: int, picture: Picture, events: tuple[Event, ...]) -> None:
        self.tick, self.picture, self.events = tick, picture, list(events)
        self.view: MachineView = picture[0]
        self.processes = {p.pid: p for p in self.view.snapshot.processes}
        self.halted = 1 not in self.processes
        self.timeline = self.view.snapshot.timeline
        self.geometry = Geometry(0, 0, 0, 0, 0, 0, 0, self.view.arithmetic, self.view.model, "")
        self.work = Work()  # nobody's

    def take_events(self) -> list[Event]:
        """What was told of the tick before."""
        taken, self.events = self.events, []
        return taken

    def drawn(self, blank: MachineView, selected: int) -> MachineView:
        """As `portrait.drawn`."""
        view, shown = self.view, self.view.snapshot
        pid = selected or shown.selected
        inner: Snapshot = next((s for s in self.picture[1:] if s.selected == pid), Snapshot(0, "", selected=pid))
        return replace(
            blank,
            snapshot=replace(shown, selected=pid, pages=inner.pages, window=inner.window, moved=inner.moved),
            model=view.model,
            arithmetic=view.arithmetic,
            foreground=view.foreground,
            devices=view.devices,
            policy=view.policy,
            lately=view.lately,
            redacted=True,
        )


class Film:
    """A redacted recording in a file. Raises JournalError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tape = FileTape(path, _opened)
        self._playing = self.shots(0)
        self._last = self._next()

    def _next(self) -> Shot:
        shot = next(self._playing, None)
        if shot is None:
            raise JournalError(f"{self.path} breaks off before its first tick")
        return shot

    def shot(self, tick: int) -> Shot:
        """The machine before a tick that was read before. The next one is there at once."""
        if not self._last.tick <= tick <= self._last.tick + EVERY:
            self._playing = self.shots(tick)
            self._last = self._next()
        while self._last.tick < tick:
            self._last = self._next()
        return self._last

    def shots(self, first: int) -> Iterator[Shot]:
        """From the machine before a tick on. What was told of a tick that broke off comes last, with the picture before it."""
        picture: Picture = ()
        checked: Picture = ()
        whole = first // EVERY * EVERY
        for tick, record in enumerate(self._tape.tail(whole), whole):
            try:
                events, packed = record
                if packed:
                    picture = wire.changed(picture, wire.unpack(packed))
                if tick >= first:
                    shown = tick if packed else tick - 1
                    _check(shown, picture, checked, events)
                    checked = picture
                    yield Shot(shown, picture, events)
            except (TypeError, ValueError, IndexError, AttributeError, KeyError) as e:
                raise JournalError(f"{self.path}: tick {tick:,} holds no picture: {e}") from None


def _opened(path: Path) -> tuple[Any, BinaryIO]:
    name, header, file = journal.begun(path)
    wrong = ""
    if name != journal.REDACTED:
        wrong = "not a redacted recording"
    elif not isinstance(header, dict) or header.get("layout") != layout():
        wrong = "a redacted recording of another version of llmos, which has other pictures"
    if wrong:
        file.close()
        raise JournalError(f"{path} is {wrong}")
    return header, file


def _check(tick: int, picture: Picture, before: Picture, events: tuple[Event, ...]) -> None:
    """Nothing gets to the screen that no machine could have shown. Raises TypeError or ValueError."""
    kinds = [MachineView, *[Snapshot] * (len(picture) - 1)]
    good = [type(one) for one in picture] == kinds and all(map(_news, picture, (*before, *[None] * len(picture))))
    if not good or picture[0].snapshot.tick != tick:
        raise ValueError("other values than a picture has")
    for event in events:
        if redaction.event(event) != event or not all(type(number) is int for number in (event[0], event[2])):
            raise ValueError("an event with words, or none")
        log_line(event)


def _news(value: Any, before: Any) -> bool:
    """Are the fields that changed since a picture that was good what their hints say?"""
    kind: Any = type(value)
    for name, test in _tests(kind):
        now, was = getattr(value, name), getattr(before, name, None)
        if now is not was and not (_news(now, was) if type(was) is type(now) is Snapshot else test(now)):
            return False
    return True


@cache
def _test(hint: Any) -> Callable[[Any], bool]:
    """Tells whether a value is what a type hint says."""
    kinds = get_args(hint)
    if get_origin(hint) is tuple and kinds[-1] is Ellipsis:
        if kinds[0] in (int, str):
            return lambda value: type(value) is tuple and {*map(type, value)} <= {kinds[0]}
        one = _test(kinds[0])
        return lambda value: type(value) is tuple and all(map(one, value))
    if get_origin(hint) is tuple:
        each = [*map(_test, kinds)]
        return lambda value: type(value) is tuple and len(value) == len(each) and all(map(_holds, each, value))
    if kinds:  # this or that
        return lambda value: any(_test(kind)(value) for kind in kinds)
    if hint in wire.TYPES:
        whole = lru_cache(8192)(partial(_news, before=None)) if hint in SMALL else partial(_news, before=None)
        return lambda value: type(value) is hint and whole(value)
    return lambda value: type(value) is hint or (hint is float and type(value) is int)


def _holds(test: Callable[[Any], bool], value: Any) -> bool:
    return test(value)


@cache
def _tests(kind: Any) -> list[tuple[str, Callable[[Any], bool]]]:
    return [(name, _test(hint)) for name, hint in get_type_hints(kind).items()]
