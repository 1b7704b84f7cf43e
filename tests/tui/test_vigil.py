"""What takes long is told while it is done, and a sheet that is computed for long opens at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from llmos.room import Room
from llmos.status import Inspection
from llmos.tui.app import MachineRoom
from llmos.tui.screens.facts import Facts
from llmos_kernel.cpu import Burst
from tests.watching import SECONDS, Watch

from . import drawn, stills


def test_a_tick_that_takes_long_is_told_and_keys_meanwhile_are_one_wish() -> None:
    watch, room = Watch(), Room(stills.options(), 0.0)
    room.start(watch)
    watch.until(lambda v: v.mode == "LIVE")
    room.command("pause")
    watch.until(lambda v: v.mode == "FROZEN")
    assert room.here is not None
    kernel, go_on = room.here.machine.kernel, threading.Event()
    run = kernel.cpu.run

    def compiles(bursts: Sequence[Burst]) -> Any:
        assert go_on.wait(SECONDS)
        return run(bursts)

    kernel.cpu.run = compiles  # type: ignore[method-assign]
    room.command("unplug", "calc")
    room.say("what is 37*48?")
    watch.until(lambda v: "kept" in v.notice)
    room.command("run")
    view = watch.until(lambda v: bool(v.working))
    assert view.mode == "LIVE"
    assert not view.notice
    assert "tick" in view.working
    assert "compiled" in view.working
    for verb in ("run", "run", "pause", "run"):
        room.command(verb)
    go_on.set()
    watch.until(lambda v: v.mode == "LIVE" and not v.working and kernel.idle and v.snapshot.tick > view.snapshot.tick)
    room.close()


async def test_work_is_seen_in_the_top_line_and_in_words() -> None:
    view = replace(stills.busy_view(), notice="calc is unplugged", working="run, tick 33: 4.0 s so far")
    app = MachineRoom(stills.Still(view))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert " BUSY " in drawn.text(app).split("\n")[0]
        assert view.working in drawn.text(app)
    app = MachineRoom(stills.Still(replace(stills.two_views(), working=view.working)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.action_worlds()
        await pilot.pause()
        assert view.working in drawn.text(app)


async def test_a_sheet_opens_at_once_and_takes_the_keys() -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.obey("token 3")
        await pilot.pause()
        assert isinstance(app.screen, Facts)
        assert "token 3: computing" in drawn.text(app)
        await pilot.press("space", "B", "full_stop")
        assert still.asked == [("inspect", "token", "3")]
        still.post(replace(still.view, inspection=Inspection(1, "token", "token of pid 3", ())))
        await pilot.pause()
        assert len(app.screen_stack) == 2
        assert "token of pid 3" in drawn.text(app)
        await pilot.press("escape")
        app.obey("token 77")
        still.post(replace(app.view, notice="inspect: no process 77"))
        await pilot.pause()
        assert len(app.screen_stack) == 1  # there is none, and the room says why
        assert "no process 77" in drawn.text(app)


async def test_no_sheet_is_promised_where_none_can_come() -> None:
    for view in (stills.boot_view(), replace(stills.busy_view(), role="watching")):
        app = MachineRoom(stills.Still(view))
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            app.obey("why")
            await pilot.pause()
            assert len(app.screen_stack) == 1
