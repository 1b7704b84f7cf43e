"""What panels say of words that rest on results, and of pages that are not in RAM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from llmos.choices import SOME, Choice, _first
from llmos.exports import transcript
from llmos.grounding import Word
from llmos.inspection import _mask, granted
from llmos.marking import parted
from llmos.narrate import Story
from llmos.room import Room
from llmos.status import DREAMED, Attention, Found, MachineView, Run
from llmos.tui import verbs
from llmos.tui.app import MachineRoom
from llmos.tui.heads import Aim, picture
from llmos.tui.text import width
from llmos_kernel.rights import EVERYTHING, Manifest

from . import drawn, stills


def test_words_that_rest_on_a_result_are_told_from_those_that_do_not() -> None:
    runs = [run for run in stills.busy_view().console if run.who == "m"]
    assert [(run.text, run.rests) for run in runs if run.rests] == [("1776", "calc")]
    assert "".join(run.text for run in runs) == "37*48 is  The answer is 1776."


def test_a_transcript_keeps_an_answer_in_one_piece() -> None:
    assert "\n The answer is 1776.\n" in transcript(stills.busy_view().console)


def test_what_is_cut_is_the_same_text() -> None:
    words = (Word(1, 4, "calc"), Word(6, 9, ""), Word(20, 30, "calc"))
    for at in range(12):
        cut = [*parted(Run("m", "abcdefgh", 3), at, words)]
        assert "".join(run.text for run in cut) == "abcdefgh"
        assert all(run.text for run in cut)
    first, *_ = parted(Run("m", "abcd", 3), 1, words)
    assert (first.text, first.rests) == ("abc", "calc")
    assert [run.rests for run in parted(Run("m", "abcd", 3), 5, words)] == ["", DREAMED]


def test_a_branch_knows_only_what_was_told_before_it() -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    assert room.here is not None
    tick = next(mark.tick for mark in room.here.story.marks() if mark.letter == "r")
    assert not room.here.story.cut(tick)._grounds._told
    assert room.here.story.cut(tick + 1)._grounds._told


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_pages_out_of_ram_and_parked_processes_are_seen(size: tuple[int, int]) -> None:
    room = stills.standing()
    room._orders.do("spawn", "demo")
    stills.ticks(room, 30)
    pid = max(p.pid for p in room.here.kernel.processes.values() if p.space.frames)  # type: ignore[union-attr]
    room._orders.do("park", str(pid))
    stills.ticks(room, 1)
    room._orders.do("select", str(pid))
    app = MachineRoom(stills.Still(replace(stills.seen(room), notice="")))
    async with app.run_test(size=size) as pilot:
        await pilot.press("escape", "escape", "1", "m")
        await pilot.pause()
        assert "PARKED" in drawn.text(app)
        await pilot.press("escape", "2")
        await pilot.pause()
        assert "~swap" in drawn.text(app)
        assert size[0] < 120 or "off " in drawn.text(app)


def test_a_fork_goes_on_from_the_context_as_it_is_or_with_a_text() -> None:
    room = stills.standing()
    assert room.here is not None
    room._orders.do("spawn", "demo")
    stills.ticks(room, 20)
    kernel = room.here.kernel
    parent = kernel.processes[max(p.pid for p in kernel.processes.values() if p.space.frames)]
    before, held = list(parent.space.tokens), sum(map(bool, kernel.memory.refs))
    for line in (f"fork {parent.pid}", f"fork {parent.pid} and  now?"):
        room._orders.do(*verbs.parse(line))
    kernel.step_phase()  # deliver
    plain, asked = [kernel.processes[pid] for pid in sorted(kernel.processes)[-2:]]
    assert plain.space.tokens == before == asked.space.tokens[: len(before)]
    assert sum(map(bool, kernel.memory.refs)) == held  # not a frame more: copy on write
    stills.settle(room)
    said = "".join(run.text for run in room.here.story.console(kernel.tick) if run.pid in (plain.pid, asked.pid))
    assert said.count("[dreamed]") == 2


def test_the_console_can_be_attached_to_another_reader_and_says_to_whom_it_can_not() -> None:
    room = stills.standing()
    assert room.here is not None
    kernel = room.here.kernel
    room._orders.do("spawn", "chat")
    stills.settle(room)
    assert kernel.foreground() is kernel.processes[3]
    room._orders.do("attach", "2")
    stills.settle(room)
    assert kernel.foreground() is kernel.processes[2]
    with pytest.raises(ValueError, match="does not wait for a line"):
        room._orders.do("attach", "1")
    assert kernel.foreground() is kernel.processes[2]


async def test_the_scheduler_maximised_has_a_row_a_process() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape", "3", "m")
        await pilot.pause()
        rows = {line.split()[1]: line for line in drawn.text(app).splitlines() if " teller " in line}
    timeline = stills.busy_view().snapshot.timeline
    assert set(rows) == {"5", "6", "7", "8"}
    for pid, line in rows.items():
        for lane, history in enumerate(timeline):
            assert line.split("teller")[1].count(str(lane)) == history.count(int(pid))


def test_a_page_has_a_history_and_a_token_its_mask() -> None:
    room = stills.standing()
    assert room.here is not None
    room._orders.do("spawn", "demo")
    stills.ticks(room, 30)
    pid = str(max(p.pid for p in room.here.kernel.processes.values() if p.space.frames))
    room._orders.do("swapout", pid)
    stills.ticks(room, 1)
    room._orders.do("inspect", "page", pid, "0")
    assert any("to the page file" in fact.text for fact in stills.seen(room).inspection.facts)  # type: ignore[union-attr]
    view = stills.inspected_view("token", "RUNNER", "0").inspection
    assert [fact.text.split(";")[0] for fact in view.facts if fact.name == "mask"] == ["no grammar"]  # type: ignore[union-attr]


def test_a_token_tells_where_it_looked_and_the_machine_goes_on_as_if_nobody_had_asked() -> None:
    asked, quiet = stills.standing(), stills.standing()
    for room in (asked, quiet):
        room._orders.do("say", "what is 37*48?")
        for _ in range(60):
            stills.ticks(room, 1)
            pid = next((p.pid for p in room.here.kernel.lanes if p), 0)  # type: ignore[union-attr]
            if room is asked and pid:
                room._orders.do("inspect", "token", str(pid), "0")
    heads = asked.inspection.attention  # type: ignore[union-attr]
    assert heads is not None
    assert len(heads.weights) == heads.layers * heads.heads * len(heads.pages)
    assert sum(heads.row(None, None)) == pytest.approx(1, abs=0.01)
    assert replace(stills.seen(asked), inspection=None) == stills.seen(quiet)


def test_where_an_earlier_token_looked_is_told_in_the_past_too_and_when_its_process_is_gone() -> None:
    room = stills.standing()
    here = room.here
    assert here is not None
    room._orders.do("say", "what is 37*48?")
    stills.ticks(room, 40)
    pid = next(p.pid for p in here.kernel.lanes if p)

    def told() -> tuple[str, bool]:
        room._orders.do("inspect", "token", str(pid), "0")
        assert room.inspection is not None
        return next(f.text for f in room.inspection.facts if f.name == "heads"), bool(room.inspection.attention)

    now, known = told()
    assert known
    assert "made up" in now
    room._orders.do("goto", str(here.kernel.tick - 5))
    then, known = told()
    assert known
    assert then != now
    here.machine.prober = None  # as in a recording
    assert told() == ("not known: a recording has no CPU to ask; it kept the sum, beside `attended`", False)
    del here.machine.kernel.processes[pid]
    here.machine.prober = here.machine.watch.cpu  # type: ignore[assignment, union-attr]
    text, known = told()
    assert known
    assert text.endswith("all it read; its pages are gone")
    del here.machine.kernel.memory.free[:]
    assert "frames are free to read it again" in told()[0]


def test_a_process_that_has_ended_can_still_be_looked_into() -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    room._orders.do("inspect", "token")
    assert room.inspection is not None
    assert room.inspection.title == "token of pid 3 ask"
    room._orders.do("inspect", "token", "3", "1")
    inspection = room.inspection
    assert inspection.attention is not None
    assert inspection.attention.anew
    assert [f.text for f in inspection.facts if f.name == "text"] == ["'6'"]


@pytest.mark.parametrize(("size", "keys"), [((80, 24), ("8", "m")), ((120, 40), ("8",)), ((170, 50), ("1",))])
async def test_the_disk_shows_texts_pages_the_last_search_and_what_left_a_context(
    size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    app = MachineRoom(stills.Still(stills.disk_view()))
    async with app.run_test(size=size) as pilot:
        await pilot.press("escape", "escape", *keys)
        await pilot.pause()
        shown = drawn.text(app)
        for words in (
            "25 documents",
            "3 of 256 slots",
            "out 3",
            "pid 8: 3",
            '"search page fault"',
            "Paging#2",
            "Z undo",
        ):
            assert words in shown, words


def test_a_search_is_told_as_it_was_at_that_tick() -> None:
    story = Story()
    answer = "[Paging#2 of 3] A page fault is [no] trap.\n\n[Swap file#1 of 1] pages go out"
    story.take(
        [
            (3, "call", 4, "search", "page fault", "model"),
            (4, "call", 5, "calc", "1+1", "model"),
            (6, "result", 4, "search", answer, 1, "disk:Paging#2"),
            (9, "call", 5, "search", "sea", "model"),
        ]
    )
    assert story.found(3) is None
    assert story.found(6) == Found(3, 4, "page fault", 2)
    found = story.found(9)
    assert found is not None
    assert found.hits == (("Paging#2", 2, "A page fault is [no] trap."), ("Swap file#1", 0, "pages go out"))
    assert story.found(10) == Found(9, 5, "sea", 1)
    assert story.cut(9).found(99) == found


async def test_the_heads_are_chosen_by_keys_and_fit_any_sheet() -> None:
    for size in ((80, 24), (120, 40)):
        app = MachineRoom(stills.Still(stills.inspected_view("token", "RUNNER", "0")))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            shown = str(app.screen.query_one("#facts").render())
            assert "all 3 heads" in shown
            assert "layer 3" in shown
            await pilot.press("right", "right")
            assert "head 1 of 0-2" in str(app.screen.query_one("#facts").render())
            await pilot.press("h")
            shown = str(app.screen.query_one("#facts").render())
            assert "all 4 layers" in shown
            assert "head 2" in shown
            await pilot.press("end", "left")


def test_many_pages_share_cells_and_nothing_is_wider_than_it_may_be() -> None:
    for pages in (1, 3, 30, 95, 400):
        weights = tuple(65535 // pages for _ in range(2 * 2 * pages))
        attention = Attention(
            pages * 16 - 1, "x", tuple(range(pages)), 0, 2, 2, weights, "m" * pages, ("word" * 30,) * pages
        )
        for cells in (64, 100):
            assert all(width(row) <= cells for row in picture(attention, Aim(), cells))


async def test_a_recording_opens_with_its_keys_on_the_clock() -> None:
    view = replace(stills.busy_view(), mode="REPLAY")
    app = MachineRoom(stills.Still(view))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert app.chosen.key == "timeline"
        assert not app.desk.typing
        await pilot.press("comma")
        assert ("back",) in app.panel.asked  # type: ignore[attr-defined]


def test_words_name_the_page_that_they_rest_on() -> None:
    story = Story()
    events = [
        (1, "spawn", 3, 2, "ask", ("what does paging move?",)),
        (2, "think", 3, (1, 2)),
        (3, "result", 3, "search", "Kestrel pages are moved to the cellar", 1, "disk:Paging#2"),
        (4, "out", 3, "m", "Kestrel cellar"),
        (5, "thought", 3, "end", 3),
    ]
    story.take(events)
    assert {run.rests for run in story.console(6) if run.text.strip()} == {"disk:Paging#2"}


async def test_who_had_an_idle_lane_last_is_drawn_also_where_it_was_never_seen_on_it() -> None:
    busy = stills.busy_view()
    idle = tuple(replace(lane, pid=0, stream=()) for lane in busy.snapshot.lanes)
    left = tuple(replace(lane, left=91) for lane in busy.snapshot.lanes)
    view = replace(busy, snapshot=replace(busy.snapshot, tick=91, lanes=idle), lately=left)
    app = MachineRoom(stills.Still(view))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "idle, last pid" in drawn.text(app)


def test_a_process_tells_its_rights_and_its_page_table_a_page_its_text() -> None:
    facts = stills.inspected_view("process", "RUNNER").inspection.facts  # type: ignore[union-attr]
    told = {fact.name: fact.text for fact in facts if fact.name != "rights"}
    rights = [fact.text for fact in facts if fact.name == "rights"]
    assert rights[0] == "devices calc, clock"
    assert "pledge *" in rights[1]
    pages = told["page table"].split("  ")
    assert len(pages) == int(told["memory"].split(" pages")[0].split()[-1])
    assert sum(int(page.split()[1].rstrip("%")) for page in pages) in range(95, 106)
    page = stills.inspected_view("page", "RUNNER", "0").inspection
    assert page is not None
    text = next(fact.text for fact in page.facts if fact.name == "text")
    assert text.startswith("'<|start|>user")


def test_narrowed_rights_are_told_layer_by_layer() -> None:
    narrow = Manifest(devices=("files.cat", "calc"), paths=((("inbox",), "r"),), hosts=(), recipients=None)
    told = list(granted((EVERYTHING, narrow), ("calc", "clock")))
    assert told[0] == "devices calc"
    assert told[2] == "layer 1: pledge files.cat, calc; unveil inbox r; hosts none"


def test_the_ids_that_a_mask_left_are_named_some_of_them() -> None:
    bits = bytearray(64)
    for token in range(100, 140):
        bits[token // 8] |= 1 << token % 8
    some = _first(bytes(bits))
    assert some == tuple(range(100, 100 + SOME))
    kernel = stills.standing().here.kernel  # type: ignore[union-attr]
    said = _mask(kernel, Choice(3, (), (), 40, some))
    assert said.startswith(f"the grammar left 40 of {kernel.geometry.vocab:,} ids: ")
    assert said.endswith(f" and {40 - SOME} more")


def test_what_was_typed_is_seen_until_somebody_reads_it() -> None:
    early = Room(stills.options())
    early._obey("say", "early")
    assert stills.seen(early).waiting == ("early",)
    room = stills.standing()
    for line in ("what is 37*48?", "what is 2*3?"):
        room._obey("say", line)
    assert stills.seen(room).waiting == ("what is 37*48?", "what is 2*3?")
    stills.ticks(room, 8)
    assert stills.seen(room).waiting == ("what is 2*3?",)  # one process listens, and works
    room._obey("say", "and then?")
    assert stills.seen(room).waiting == ("what is 2*3?", "and then?")
    room._obey("goto", "0")
    assert stills.seen(room).waiting == ()
    room._obey("now")
    stills.settle(room)
    assert stills.seen(room).waiting == ()


@pytest.mark.parametrize("make", [stills.boot_view, stills.busy_view])
async def test_the_console_shows_what_waits_to_be_read(make: Callable[[], MachineView]) -> None:
    app = MachineRoom(stills.Still(replace(make(), waiting=("what is 2*3?", "\x1b[2J"))))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        shown = drawn.text(app)
    assert "> what is 2*3?  waits to be read" in shown
    assert "> \N{SYMBOL FOR ESCAPE}[2J  waits" in shown
