"""Two worlds at the same tick, and orders that are refused: the room's orders on a machine without a thread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from llmos.boot import boot
from llmos.errors import LlmosError
from llmos.recording import RecordingRoom
from llmos.room import Room

from . import stills


def places(room: Room) -> list[tuple[int, int]]:
    return [world.place for world in room.worlds()]


def run(room: Room) -> None:
    """As the machine's thread does, until nothing is left to do."""
    room.speed = 0.0
    for _ in range(5_000):
        assert room.here is not None
        if not (room.playing or (room.mode == "LIVE" and not room._waits())):
            return
        room._turn(room.here)
    raise AssertionError("it does not come to an end")


def three() -> Room:
    """The tester's way: a world from tick 6 that goes on longer, and one from tick 5 that is soon done and has the keys."""
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    for words in (("goto", "6"), ("branch",), ("unplug", "calc"), ("say", "what is 2+2?"), ("run",)):
        room._obey(*words)
    run(room)
    for words in (("goto", "5"), ("branch",)):
        room._obey(*words)
    assert room.here is not None
    assert room.other is not None
    assert room.here.name == "C"
    assert room.other.name == "B"
    return room


def test_a_world_goes_on_beside_one_that_is_done() -> None:
    room = three()
    room._obey("run")
    run(room)
    here, other = room.worlds()
    assert other.past is None  # it got to its end
    assert here.place == other.place  # and idle ticks passed here
    room._obey("world")
    room._obey("say", "what is 3+3?")
    room._obey("run")
    run(room)
    assert len(set(places(room))) == 1


@pytest.mark.parametrize("way", [("run",), ("step",)])
def test_the_other_world_lives_on_beside_a_past_that_plays(way: tuple[str, ...]) -> None:
    room = three()
    room._obey("world")
    assert room.mode == "REPLAY"
    before = places(room)[0][0]
    for _ in range(9 if way == ("step",) else 1):
        room._obey(*way)
        run(room)
        assert len(set(places(room))) == 1, places(room)
    assert places(room)[0][0] >= before + 9


def test_worlds_that_run_go_on_when_the_keys_change() -> None:
    room = three()
    room._obey("run")
    room._obey("world")
    assert (room.mode, room.playing) == ("REPLAY", True)
    run(room)
    room._obey("run")
    run(room)
    assert len(set(places(room))) == 1
    assert all(world.past is None for world in room.worlds())


def test_now_in_two_worlds_ends_at_one_tick_when_they_run() -> None:
    room = three()
    for words in (("now",), ("run",)):
        room._obey(*words)
    run(room)
    assert len(set(places(room))) == 1


# -- orders that are refused --------------------------------------------------------------------------------------------


def state(room: Room) -> tuple[object, ...]:
    return room.mode, room.unit, room.playing, room.until, places(room), len(room.aside), room.here, room.other


@pytest.mark.parametrize("mode", ["LIVE", "FROZEN", "REPLAY"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("goto", "99,999"), r"goto: there is no tick 99,999 yet: the last one is \d+"),
        (("goto", "-5"), "goto: the first tick is 0"),
        (("step", "century"), "a step is one of"),
        (("world",), "there is one world only"),
        (("branch",), "no parts"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_a_refused_order_changes_nothing(
    mode: str, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    if mode == "REPLAY":
        room._obey("goto", "3")
    if mode != "FROZEN":
        room._obey("run")

    def broken(branch: object, tick: int) -> None:
        raise LlmosError("no parts")

    monkeypatch.setattr(room, "parted", broken)
    before = state(room)
    room._obey(*words)
    assert state(room) == before
    with pytest.raises((ValueError, LlmosError), match=said.removeprefix("goto: ")):
        room._orders.do(*words)
    assert room.notice


def recorded(folder: Path, tick: int | None, *devices: str) -> RecordingRoom:
    """A recording that is read to its end."""
    path = folder / "one.log"
    machine = boot(replace(stills.options(), journal=path, keep=False, devices=devices or ("calc", "clock")))
    machine.type("what is 37*48?")
    machine.run()
    machine.close()
    room = RecordingRoom(path, tick)
    room.here = room.open_world()
    room.mode = room.first_mode
    while room.here.unread:  # type: ignore[attr-defined]
        room._turn(room.here)
    return room


REFUSED = (
    ("branch",), ("world",), ("say", "hello"), ("plug", "calc"), ("unplug", "calc"), ("kill", "1"), ("spawn", "demo"),
    ("nice", "1", "2"), ("interrupt",), ("compact", "1"), ("goto", "-1"),
)  # fmt: skip


@pytest.mark.parametrize("tick", [5, None])
@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_a_recording_refuses_it_refuses_without_impossible_advice(
    words: tuple[str, ...], tick: int | None, tmp_path: Path
) -> None:
    room = recorded(tmp_path, tick)
    before = state(room)
    room._obey(*words)
    assert state(room) == before
    assert room.notice
    assert not any(said in room.notice for said in ("branches", "B makes", "goes back to now")), room.notice
    if tick is not None:
        room._obey("run")
        assert room.playing


def test_a_recording_says_where_calls_end_and_where_it_ends(tmp_path: Path) -> None:
    room = recorded(tmp_path, 10**6)
    assert "the recording ends at" in room.notice
    room._obey("goto", "99,999")
    assert "no tick 99,999: the recording ends at" in room.notice
    room._obey("back")
    room._obey("step", "call")
    assert "no call further on" in room.notice
    assert (room.mode, room.unit) == ("REPLAY", "token")
