"""Redacted recordings: none of the words is in the file in any form, and they are played to the end, tick for tick."""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from llmos import exports, film, journal, recording, redaction, retelling, wire
from llmos.cpu.scripted import ByteCodec, ScriptedCpu, replies
from llmos.errors import LlmosError, UsageError
from llmos.journal import JournalError, Writer
from llmos.narrate import TELLERS
from llmos.orders import Orders
from llmos.portrait import drawn, portrait
from llmos.recording import RecordingRoom, Screening
from llmos.status import BLANK
from llmos.tape import Reel
from llmos_apps import PROGRAMS
from llmos_kernel import kernel as kernel_module
from llmos_kernel.journal import Header, Recorder
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.look import inside
from llmos_kernel.ports import Delivery, Request

SECRET = "Swordfish77"


class Office:
    """A person who types a secret, and a device with a file that has it."""

    def __init__(self) -> None:
        self.coming = [
            Delivery("line", "console", f"my word is {SECRET}"),
            Delivery("line", "console", "cat notes.txt"),
        ]

    def poll(self) -> Sequence[Delivery]:
        now, self.coming = self.coming[:1], self.coming[1:]
        return now

    def submit(self, request: Request) -> None:
        self.coming.append(Delivery("done", str(request.number), f"keep {SECRET} to yourself"))


def session(path: Path) -> Path:
    """A machine whose model reads the file and says the secret; what comes of it is in a journal."""
    reel, codec = Reel(), ByteCodec()
    cpu = ScriptedCpu(replies(lambda heard: "{files notes.txt} it says $" + f", and {SECRET} it is"), frames=40)
    config = Config(args=("sh", f"system {SECRET}"), devices=("files", "calc"), disk='{"Swordfish77.txt": [3, [], []]}')
    recorder = Recorder(cpu, codec, Office(), reel)
    kernel = Kernel(config, PROGRAMS, recorder, recorder, recorder, store=recorder)
    for _ in range(300):
        kernel.step()
    recorder.close()
    with Writer(path, Header.of(config, cpu, codec, "")) as writer:
        for record in reel:
            writer(record)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return session(tmp_path / "one.log")


def redacted(log: Path) -> Path:
    return exports.fresh(log.with_name("redacted.log"), recording.made(log, "redact"))


def values(value: Any) -> Iterator[Any]:
    """Every value in a value, fields and items all the way down."""
    if type(value) in wire.TYPES:
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from values(part)
    else:
        yield value


def test_a_secret_is_nowhere_in_the_file_whoever_said_it(log: Path) -> None:
    told = list(recording.events(log))
    for kind, who in (
        ("out", "u"),
        ("out", "m"),
        ("result", "files"),
        ("spawn", 1),
    ):  # the session is what it should be
        assert any(SECRET in str(e) for e in told if e[1] == kind and e[3] == who) or (kind, who) == ("out", "m")
    assert SECRET in "".join(str(e[4]) for e in told if e[1] == "out" and e[3] == "m")
    path = redacted(log)
    raw = path.read_bytes()
    ids = ByteCodec().encode(SECRET)
    forms = [
        SECRET.encode(), SECRET.encode("utf-16-le"), SECRET.encode("utf-32-le"), SECRET.encode().hex().encode(),
        base64.b64encode(SECRET.encode())[:-4], SECRET[::-1].encode(), SECRET[:5].encode(),
        *(b"".join(i.to_bytes(size, order) for i in ids) for size in (2, 4, 8) for order in ("little", "big")),
        journal.pack(list(ids))[1:], " ".join(map(str, ids)).encode(), b", ".join(str(i).encode() for i in ids),
    ]  # fmt: skip
    assert [form for form in forms if form.lower() in raw.lower()] == []


def test_all_that_a_redacted_recording_says_is_the_machines_own(log: Path) -> None:
    """Each text in it is made of fill, or one of a closed list; no token, no attention, no likelihood is left."""
    _, header, file = journal.begun(redacted(log))
    assert set(header) == {"layout"}
    file.close()
    for shot in film.Film(redacted(log)).shots(0):
        for value in values((shot.picture, [event[3:] for event in shot.events])):
            if isinstance(value, str):
                bare = re.sub(r"^pid \d+ ", "", value).replace(redaction.FILL, "").strip("\n")
                own = bare in redaction.OWN or redaction.COUNTED.fullmatch(bare)
                assert own or bare in ("REPLAY", "main", "token"), value  # as every view has them
            assert value is None or isinstance(value, (str, int)) or value in (8.0, 0.0)
        for lane in shot.view.snapshot.lanes:
            assert (lane.top, lane.mass, {token.id for token in lane.stream} | {0}) == ((), (), {0})
        assert {frame.heat for frame in shot.view.snapshot.frames} == {0}
        assert {page.mass for one in shot.picture[1:] for page in one.pages} <= {0}


def test_it_is_played_to_the_end_with_the_same_events_and_pictures(log: Path) -> None:
    path = redacted(log)
    before, after = list(recording.events(log)), list(recording.events(path))
    assert [event[:3] for event in after] == [event[:3] for event in before]
    shots = list(film.Film(path).shots(0))
    assert [kernel.tick for kernel in recording.lives(log)][:-1] == [shot.tick for shot in shots][1:]
    player = recording.Replayed(recording.FileTape(log))
    kernel = player.present
    for shot in shots:
        seen = redaction.picture(drawn(kernel, BLANK, 0))
        mine = shot.drawn(BLANK, 0)
        assert [p.pid for p in mine.snapshot.processes] == [p.pid for p in seen.snapshot.processes]
        assert (mine.snapshot, mine.devices, mine.foreground, mine.policy) == (
            seen.snapshot,
            seen.devices,
            seen.foreground,
            seen.policy,
        )
        for pid in kernel.processes:
            assert shot.drawn(BLANK, pid).snapshot.pages == redaction.snapshot(inside(kernel, pid)).pages
        if shot is not shots[-1]:
            kernel.step()


def screen(path: Path) -> tuple[RecordingRoom, Screening]:
    room = RecordingRoom(path)
    room.here = room.open_world()
    room.mode = room.first_mode
    assert isinstance(room.here, Screening)
    return room, room.here


def test_the_room_plays_it_back_and_forth_and_says_that_it_is_redacted(log: Path) -> None:
    room, here = screen(redacted(log))
    assert portrait(room).redacted
    assert "redacted" in room.notice
    while here.unread:
        room._turn(here)
    orders, end = Orders(room), here.machine.kernel.tick
    assert end == 300
    seen = {}
    for tick in (end - 1, 7, 130, 128, 127, 129, 0, 299):
        orders.do("goto", str(tick))
        view = seen[tick] = portrait(room)
        assert (view.snapshot.tick, view.mode, view.now, view.redacted) == (tick, "REPLAY", end, True)
    orders.do("goto", "6")
    orders.do("step")
    assert portrait(room).snapshot == seen[7].snapshot
    orders.do("unit", "call")
    orders.do("step")
    orders.do("back")
    assert portrait(room).snapshot == seen[7].snapshot
    assert not any(run.rests for run in seen[end - 1].console)  # words that are gone rest on nothing
    orders.do("inspect", "process", "2")
    assert portrait(room).inspection is not None
    orders.do("inspect", "trace", "3")
    orders.do("break", "call")
    orders.do("run")
    while room.playing:
        room._play(here)
    assert room.met.startswith("call in tick")


REFUSED = [
    ("branch",), ("say", "hello"), ("kill", "3"), ("inspect", "token"), ("inspect", "page", "3", "0"),
    ("inspect", "choice"), ("break", "token", "x"), ("break", "label", "DATA"), ("watch", "state", "3"),
]  # fmt: skip


@pytest.mark.parametrize("order", REFUSED, ids=" ".join)
def test_what_is_not_in_it_is_refused_with_a_line(order: tuple[str, ...], log: Path) -> None:
    room, here = screen(redacted(log))
    while here.unread:
        room._turn(here)
    Orders(room).do("goto", "90")
    with pytest.raises((ValueError, LlmosError), match=r"this recording is redacted|this is the past"):
        Orders(room).do(*order)
    assert (portrait(room).snapshot.tick, room.mode) == (90, "REPLAY")


def test_a_phase_is_refused_and_the_place_kept(log: Path) -> None:
    room, here = screen(redacted(log))
    while here.unread:
        room._turn(here)
    orders = Orders(room)
    orders.do("goto", "90")
    orders.do("unit", "phase")
    for verb in ("step", "back"):
        with pytest.raises(ValueError, match="no phases"):
            orders.do(verb)
        assert here.place == (90, 0)


def test_plain_runs_and_exports_read_it_like_any_recording(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = redacted(log)
    plain, whole = retelling.replay(path, None, events=False), retelling.replay(log, None, events=False, quiet=True)
    said = capsys.readouterr().err
    assert "this recording is redacted" in said
    assert "The lanes in the last ticks" in said
    assert SECRET not in said + json.dumps(plain)
    assert [plain[name] for name in ("ticks", "events", "halted")] == [
        whole[name] for name in ("ticks", "events", "halted")
    ]
    assert [p["pid"] for p in plain["processes"]] == [p["pid"] for p in whole["processes"]]
    outs = {what: tmp_path / f"out.{what}" for what in exports.MAKERS}
    written = retelling.export(path, True, outs, False)
    assert all(SECRET not in Path(written[what]).read_text(encoding="utf-8") for what in outs)
    assert SECRET not in capsys.readouterr().out
    with pytest.raises(UsageError, match="redacted already"):
        retelling.export(path, False, {"redact": tmp_path / "again.log"}, False)
    assert not (tmp_path / "again.log").exists()
    with pytest.raises(JournalError, match="only be looked at: llmos replay"):
        journal.read(path)


def test_one_that_was_cut_anywhere_is_played_up_to_there(log: Path) -> None:
    path = redacted(log)
    raw = path.read_bytes()
    whole = [shot.tick for shot in film.Film(path).shots(0)]
    for part in range(3, 20):
        path.write_bytes(raw[: len(raw) * part // 20])
        ticks = [shot.tick for shot in film.Film(path).shots(0)]
        assert ticks == whole[: len(ticks)]
        assert len(ticks) > len(whole) * part // 40
    path.write_bytes(raw[:60])
    with pytest.raises(JournalError, match="breaks off"):
        film.Film(path)


def forged(path: Path, record: tuple[Any, ...], layout: int | None = None) -> Path:
    head = {"layout": film.layout() if layout is None else layout}
    path.write_bytes(journal.REDACTED + journal.framed(head) + journal.framed(record))
    return path


def test_a_forged_one_gets_one_line(log: Path, tmp_path: Path) -> None:
    shot = next(film.Film(redacted(log)).shots(0))
    good = wire.pack(shot.picture)
    assert next(film.Film(forged(tmp_path / "good", (shot.events, good))).shots(0)).tick == 0
    frame = shot.view.snapshot.frames[0]
    object.__setattr__(frame, "refs", "many")  # of one that nobody else has
    bad: list[tuple[Any, ...]] = [
        (),
        (1,),
        (shot.events, b"\xc1"),
        (shot.events, wire.pack(())),
        (shot.events, wire.pack((1, 2))),
        (shot.events, wire.pack(wire.Longer("x"))),
        (shot.events, wire.pack(shot.picture)),
        (((0, "out", 1, "m", "a word of somebody's"),), good),
        (((0, "call", 1),), good),
        ((("0", "trap", 1),), good),
        (((0, "exit", 1, "x", None, ""),), good),
    ]
    for record in bad:
        with pytest.raises(JournalError, match="holds no picture"):
            film.Film(forged(tmp_path / "bad", record))
    with pytest.raises(JournalError, match="another version"):
        film.Film(forged(tmp_path / "old", (shot.events, good), layout=1))


# -- nothing new may slip through -----------------------------------------------------------------------------------------


def test_each_event_that_the_kernel_emits_has_a_rule_for_each_of_its_data() -> None:
    seen = {}
    for path in Path(str(kernel_module.__file__)).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "emit":
                kind = node.args[0]
                assert isinstance(kind, ast.Constant), path
                starred = any(isinstance(argument, ast.Starred) for argument in node.args)
                seen[kind.value] = None if starred else len(node.args) - 2
    assert seen.keys() == redaction.EVENTS.keys()
    assert set(TELLERS) <= redaction.EVENTS.keys()
    wrong = {kind for kind, count in seen.items() if count is not None and count != len(redaction.EVENTS[kind])}
    assert wrong == set()


NUMBERS = {
    "Snapshot": "tick timeline selected",
    "ProcessView": "pid ppid priority tokens decoded prefilled pages shared wait lane quantum response turnaround ran"
    " recomputed faults calls energy group absent unread",
    "LaneView": "lane pid quantum quantum_max first left",
    "FrameView": "owner refs writing dirty pinned",
    "TokenView": "control",
    "PageView": "page frame refs dirty pinned exact",
    "SpanView": "first tokens share leaves",
    "MovedView": "tokens at",
}
"""The numbers that stay. Whoever adds one says here that no word can be told from it."""


def test_each_number_in_a_picture_was_judged() -> None:
    for kind in redaction.KEPT:
        left = redaction.LEFT_OUT.get(kind, {})
        numbers = [
            name
            for name, hint in get_type_hints(kind).items()
            if name not in left
            and not {"str", "View", "Counters"} & {w for w in ("str", "View", "Counters") if w in str(hint)}
        ]
        assert numbers == NUMBERS[kind.__name__].split()
