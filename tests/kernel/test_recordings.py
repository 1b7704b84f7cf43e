"""Recordings: opened at once, replayed on the side, looked at anywhere, in bounded memory; branches live the past again."""

from __future__ import annotations

import tracemalloc
from functools import cache
from pathlib import Path

import pytest

from llmos import past, recording
from llmos.boot import boot
from llmos.journal import MAGIC, JournalError, Writer
from llmos.options import Options
from llmos.orders import Orders
from llmos.recording import RecordingRoom, Replay
from llmos.tape import FileTape, Reel
from llmos_kernel.cpu import Burst, Cause
from llmos_kernel.errors import Divergence
from llmos_kernel.journal import Header, Player, Recorder
from llmos_kernel.rewind import EVERY, state_hash

from . import lively  # noqa: TID251


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording knows the programs that are installed: here, those of the lively machine."""
    for module in (past, recording):
        monkeypatch.setattr(module, "PROGRAMS", lively.PROGRAMS)


ROUNDS = 18


@cache
def lived() -> tuple[Header, Reel, int]:
    """A session to its end, and how many ticks that took."""
    kernel, header, reel = lively.machine(ROUNDS)
    while not kernel.halted:
        kernel.step()
    assert isinstance(kernel.cpu, Recorder)
    kernel.cpu.close()
    return header, reel, kernel.tick


@cache
def state(tick: int) -> str:
    """The live machine before a tick."""
    kernel, _, _ = lively.machine(ROUNDS)
    while kernel.tick < tick:
        kernel.step()
    return state_hash(kernel)


def session(path: Path) -> tuple[Reel, int]:
    """Its journal in a file; its records and ticks."""
    header, reel, ticks = lived()
    with Writer(path, header) as writer:
        for record in reel:
            writer(record)
    return reel, ticks


def opened(path: Path, tick: int | None) -> tuple[RecordingRoom, Replay]:
    room = RecordingRoom(path, tick)
    room.here = room.open_world()
    room.mode = room.first_mode
    assert isinstance(room.here, Replay)
    return room, room.here


@pytest.mark.usefixtures("programs")
def test_a_recording_opens_before_it_is_replayed_and_shows_the_tick_it_was_asked_for(tmp_path: Path) -> None:
    _, ticks = session(tmp_path / "one.log")
    late = 2 * EVERY + 9
    assert late < ticks
    room, here = opened(tmp_path / "one.log", late)
    assert here.kernel.tick == 0
    while here.unread:
        room._turn(here)
    assert here.machine.kernel.tick == ticks
    assert state_hash(here.kernel) == state(late)
    for tick in (late - 1, 3, EVERY + 1, ticks - 1):
        Orders(room).do("goto", str(tick))
        assert state_hash(here.kernel) == state(tick)


@pytest.mark.usefixtures("programs")
def test_a_recording_that_breaks_off_is_told_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    _, ticks = session(path)
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 3])
    room, here = opened(path, 10**9)
    while here.unread:
        room._turn(here)
    reached = here.machine.kernel.tick
    assert EVERY < reached < ticks
    Orders(room).do("back")
    assert state_hash(here.kernel) == state(reached - 1)


@pytest.mark.usefixtures("programs")
def test_a_recording_is_stepped_by_phases_and_says_where_it_ends(tmp_path: Path) -> None:
    session(tmp_path / "one.log")
    room, here = opened(tmp_path / "one.log", None)
    orders = Orders(room)
    with pytest.raises(ValueError, match="still being read"):
        orders.do("run")
    while here.unread:
        room._turn(here)
    for verb in ("run", "step"):
        with pytest.raises(ValueError, match="end of the recording: , goes back"):
            orders.do(verb)
    orders.do("goto", str(EVERY + 3))
    orders.do("unit", "phase")
    seen = []
    for _ in range(7):
        seen.append(here.place)
        orders.do("step")
    assert seen == [*((EVERY + 3, phase) for phase in range(6)), (EVERY + 4, 0)]
    assert room.mode == "REPLAY"
    orders.do("goto", str(here.machine.kernel.tick - 1))
    orders.do("run")
    assert room.playing


def test_a_journal_that_breaks_off_in_its_header_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    session(path)
    whole = path.read_bytes()
    for length in (len(MAGIC), len(MAGIC) + 3, len(MAGIC) + 40):
        path.write_bytes(whole[:length])
        with pytest.raises(JournalError, match="breaks off in its header"):
            FileTape(path)


def test_a_tape_in_a_file_is_read_from_any_record_on(tmp_path: Path) -> None:
    reel, _ = session(tmp_path / "one.log")
    tape = FileTape(tmp_path / "one.log")
    whole = list(reel)
    assert list(tape.tail(0)) == whole
    assert len(tape) == len(whole)
    for first in (1, 63, 64, 65, 200, len(whole) - 1, len(whole)):
        assert list(tape.tail(first)) == whole[first:]


def test_reading_a_long_tape_takes_little_memory(tmp_path: Path) -> None:
    """Four megabytes of records: one at a time is in memory, and of every 64th its place."""
    with Writer(tmp_path / "long.log", lived()[0]) as writer:
        for number in range(6_000):
            writer(("piece", number, bytes(700)))
    tape = FileTape(tmp_path / "long.log")
    tracemalloc.start()
    assert sum(1 for _ in tape.tail(0)) == 6_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000
    assert next(tape.tail(5_999)) == ("piece", 5_999, bytes(700))


@pytest.mark.parametrize(
    ("ids", "cause", "fed", "good"),
    [
        ((7,), Cause.QUANTUM, 5, True),
        ((7, 8), Cause.QUANTUM, 6, True),
        ((), Cause.FULL, 3, True),  # its frames were full before all of it was in
        ((), Cause.QUANTUM, 3, False),
        ((), Cause.FULL, 6, False),
    ],
)
def test_a_burst_is_answered_by_a_record_that_can_be_its_own(
    ids: tuple[int, ...], cause: Cause, fed: int, good: bool
) -> None:
    burst = Burst((1,), (0,), 0, (1, 2, 3, 4, 5), 2)
    player = Player(lived()[0], [("run", ((ids, int(cause), fed),))] * 2)
    if good:
        assert player.run([burst])[0].fed == fed
    else:
        with pytest.raises(Divergence):
            player.run([burst])
    with pytest.raises(Divergence):
        player.run([burst, burst])


def test_a_session_with_a_policy_of_ones_own_branches_and_the_policy_goes_on(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def choose(jobs, now):\n    return jobs[-1]\n", encoding="utf-8")
    options = Options(model="scripted", policy=str(mine), init=("demo",), devices=(), keep=True)
    machine = boot(options)
    for _ in range(60):
        machine.step()
        assert machine.past is not None
        machine.past.follow(machine.kernel)
    branch = machine.past.branch(40, None, lambda done, of: None)  # type: ignore[union-attr]
    assert branch.kernel.tick == 40
    for _ in range(20):
        branch.step()
    assert state_hash(branch.kernel) == state_hash(machine.kernel)
    assert branch.past is not None
    assert any(record[0] == "choose" for record in branch.past.tape.tail(0))
    for one in (machine, branch):
        one.close()
