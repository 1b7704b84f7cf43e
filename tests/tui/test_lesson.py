"""Lessons on the screen: text, question, lock, reveal, to the end; what was said stays, what is typed is kept."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from llmos import paths, screens
from llmos.boot import boot
from llmos.errors import LlmosError, UsageError
from llmos.lessons import ORDER, lesson
from llmos.lessons.grade import grade
from llmos.lessons.session import Session
from llmos.lessons.wanted import Wanted
from llmos.lessons.watching import Watching
from llmos.looks import Look
from llmos.tui.keys import name as row_name
from llmos.tui.lesson import LessonRoom, keys, words
from llmos.tui.theme import THEMES as ALL_THEMES
from llmos.tui.theme import palette

from . import drawn, stills
from .playing import Played, answer, opened, recorded, settled


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Answers are written here, and so are pictures and transcripts."""
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def small(**wanted: Any) -> Played:
    return Played(Wanted("trap", **wanted))


async def test_a_lesson_to_its_end() -> None:
    async with opened(recorded("belady")) as (pilot, app):
        assert "PREDICT" in drawn.text(app)
        assert "hidden until an answer is locked" in drawn.text(app)
        assert app.scene is not None
        for step in range(app.scene.steps):
            assert app.scene.question is not None
            assert app.scene.step == step + 1
            shown = await answer(pilot, "")
            assert app.scene.told[-1].verdict.machine.split()[0] in shown
        assert app.scene.question is None
        assert "analogy stops" in " ".join(drawn.text(app).split())
        await pilot.press("enter")
        assert not app.is_running


# -- what was said stays in reach -----------------------------------------------------------------------------------


async def test_the_words_of_earlier_steps_stay() -> None:
    async with opened(recorded("belady"), (80, 24)) as (pilot, app):
        assert app.scene is not None
        string = dict(app.scene.facts)["textbook"]
        shown = await answer(pilot, "a")
        assert app.scene.step == 2
        for _ in range(4):
            if string in shown:
                break
            await pilot.press("pageup")
            shown = await settled(pilot)
        assert string in shown


async def test_p_and_n_turn_to_other_steps_and_m_shows_all() -> None:
    async with opened(small()) as (pilot, _):
        await answer(pilot, "b")
        shown = await answer(pilot, "1")
        assert "REVEAL Q2" in shown
        await pilot.press("escape", "p", "p")
        shown = await settled(pilot)
        assert "REVEAL Q1" in shown
        assert "it was watched" in shown
        await pilot.press("n", "m")
        shown = await settled(pilot)
        assert "all that was said" in shown
        assert "it was watched" in shown
        assert "What comes back?" in shown
        await pilot.press("escape", "n", "n")
        assert "REVEAL Q2" in await settled(pilot)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("name", ORDER)
async def test_a_question_and_its_choices_are_always_seen(name: str, big: bool) -> None:
    async with opened(recorded(name), (80, 24), big) as (pilot, app):
        assert app.scene is not None
        while app.scene.question is not None:
            await pilot.press("f3")
            shown = await settled(pilot)
            words_seen = " ".join(re.sub(r"[│╭╮╰╯─▂▇▁▃▄▅▆█]", " ", shown).split())
            assert "PREDICT" in shown
            assert all(choice.split()[0] in words_seen for choice in app.scene.question.choices)
            assert "hint" in shown
            await answer(pilot, "")


async def test_emphasis_and_code_are_drawn_not_spelt() -> None:
    assert words.inline("few *frames*, 3*4*5 and `a*b`") == (
        ("few ", "text"),
        ("frames", "bold title"),
        (", 3*4*5 and ", "text"),
        ("a*b", "accent"),
        ("", "text"),
    )
    async with opened(small()) as (_, app):
        shown = " ".join(re.sub(r"[│╭╮╰╯─┃]", " ", drawn.text(app)).split())
        assert "its pages in frames" in shown


# -- answers ---------------------------------------------------------------------------------------------------------


async def test_what_is_typed_while_the_machine_runs_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    lock = Session.lock

    def waits(self: Session, *args: Any) -> Any:
        free.wait(10)
        return lock(self, *args)

    monkeypatch.setattr(Session, "lock", waits)
    async with opened(small()) as (pilot, app):
        await pilot.press("b", "enter", *"1776", "enter")
        assert app.line.value == "1776"
        assert "the machine runs" in drawn.text(app)
        free.set()
        await settled(pilot)
        assert app.scene is not None
        assert [t.verdict.answer for t in app.scene.told] == ["1"]
        await pilot.press("enter")
        await settled(pilot)
        assert [t.verdict.answer for t in app.scene.told] == ["1", "1776"]


async def test_an_answer_that_can_be_none_is_asked_again() -> None:
    async with opened(recorded("belady"), (80, 24)) as (pilot, app):
        assert "again" in await answer(pilot, "what?")
        assert app.scene is not None
        assert app.scene.step == 1


async def test_numbers_as_choices_have_letters() -> None:
    async with opened(small()) as (pilot, app):
        assert "a 0" in drawn.text(app)
        await answer(pilot, "b !4")
        assert app.scene is not None
        assert (app.scene.told[0].verdict.answer, app.scene.told[0].verdict.confidence) == ("1", 4)
        await answer(pilot, "")
        assert "1 yes" in drawn.text(app)


async def test_hints_are_shown_or_locked() -> None:
    for locks, shown in (((), "hint:"), (("hint",), "locked the hints")):
        async with opened(recorded("belady", locks=locks)) as (pilot, app):
            assert ("F3 hint" in drawn.text(app).splitlines()[-1]) == (locks == ())
            await pilot.press("f3")
            await pilot.pause()
            assert shown in drawn.text(app)


async def test_options_and_keys_can_be_clicked() -> None:
    async with opened(small()) as (pilot, app):
        spot = app.spots[1]
        inside = app.query_one("#question").content_region
        await pilot.click(offset=(inside.x + spot.first + 1, inside.y + spot.row))
        assert app.line.value == spot.label
        await pilot.click("#keys", offset=(2, 0))  # Enter lock
        await settled(pilot)
        assert app.scene is not None
        assert app.scene.told[0].verdict.answer == "1"


# -- the machine -----------------------------------------------------------------------------------------------------


async def test_the_panels_that_a_lesson_names_are_drawn() -> None:
    async with opened(small()) as (pilot, _):
        shown = await answer(pilot, "b")
        assert all(name in shown for name in ("─ console", "─ devices", "─ log"))
        assert [line[1] for line in re.findall(r"(╮|│)╭─ (\w+)", shown)][:4] == ["console", "devices", "log", "disk"]
        assert "1776" in shown.split("─ console")[1]
        assert "calc 37*48 (model)" in shown.split("─ log")[1]


async def test_panels_without_room_come_by_turns() -> None:
    async with opened(small(), (80, 24)) as (pilot, _):
        shown = await answer(pilot, "b")
        seen = {name for name in ("console", "devices", "log") if f"─ {name}" in shown}
        assert seen
        for _ in range(3):
            await pilot.press("tab")
            shown = await settled(pilot)
            seen |= {name for name in ("console", "devices", "log") if f"─ {name}" in shown}
        assert seen == {"console", "devices", "log"}


async def test_one_steps_back_through_what_was_run() -> None:
    async with opened(small()) as (pilot, app):
        await answer(pilot, "b")
        await pilot.press("escape", "comma", "comma")
        shown = await settled(pilot)
        last = app.watching.film[-1].snapshot.tick
        assert f"REPLAY tick {last - 2}" in shown
        await pilot.press("full_stop", "full_stop", "full_stop")
        assert "FROZEN before exit" in await settled(pilot)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run is held after its first tick."""
    begin = Watching.begin

    def begins(self: Watching) -> None:
        begin(self)
        self.hold(True)

    monkeypatch.setattr(Watching, "begin", begins)


async def begun(pilot: Pilot[Any], app: LessonRoom, ticks: int) -> str:
    """What is drawn when the run that is under way has made so many ticks."""
    while len(app.watching.film) < ticks or app.fresh is not app.watching.film[-1]:
        await pilot.pause()
    await pilot.pause()
    assert (len(app.watching.film), app.busy) == (ticks, True)
    return drawn.text(app)


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("go", ["space", "r", "f5"])
async def test_a_machine_that_runs_is_held_stepped_and_let_go(go: str) -> None:
    async with opened(small()) as (pilot, app):
        await pilot.press("b", "enter")
        assert "F8 steps, F5 lets it go on" in await begun(pilot, app, 1)
        tick = app.watching.film[-1].snapshot.tick
        await pilot.press("f8")
        assert f"FROZEN tick {tick + 1}" in await begun(pilot, app, 2)
        await pilot.press("escape", "full_stop")
        assert f"FROZEN tick {tick + 2}" in await begun(pilot, app, 3)
        await pilot.press("comma", "comma")
        assert f"REPLAY tick {tick}" in drawn.text(app)
        await pilot.press("full_stop", "full_stop")
        assert f"FROZEN tick {tick + 2}" in await begun(pilot, app, 3)
        await pilot.press(go)
        assert "FROZEN before exit" in await settled(pilot)
        assert app.scene is not None
        assert app.scene.step == 2
        await pilot.press(go)
        assert "it runs on when an answer is locked" in app.message


@pytest.mark.usefixtures("held")
async def test_a_lesson_that_is_held_can_be_left() -> None:
    app = LessonRoom(small(), still=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("b", "enter")
        await begun(pilot, app, 1)
        await pilot.press("ctrl+c")
    assert app.close()[1]


async def test_the_vim_map_steps_and_reads_and_is_shown() -> None:
    async with opened(small(), keymap=keys.key_map("vim")) as (pilot, app):
        await pilot.press(*"hjkl")
        assert app.line.value == "hjkl"
        app.line.value = ""
        await answer(pilot, "b")
        await pilot.press("escape", "h", "h", "l")
        shown = await settled(pilot)
        assert f"REPLAY tick {app.watching.film[-1].snapshot.tick - 1}" in shown
        assert "h , back" in shown.splitlines()[-1]
        await pilot.press("f1")
        assert "j PgDn" in await settled(pilot)


def mapped(folder: Path, text: str, kind: str = "default") -> dict[str, str]:
    own = folder / "keys.toml"
    own.write_text(text, "utf-8")
    return keys.key_map(kind, own)


async def test_a_key_map_of_one_s_own_is_that_of_lessons_too(home: Path) -> None:
    """What the room and a lesson have alike from the one table, what only lessons have from the other."""
    changes = mapped(
        home, '[keys]\nback = "z"\nstep = "f9"\nsort = "x"\n[lesson]\nstep = "v"\nnext = "s"\nbig = "f12"\n'
    )
    assert changes == {"back": "z", "step": "v", "next": "s", "big": "f12"}
    async with opened(small(), keymap=changes) as (pilot, app):
        await answer(pilot, "b")
        await pilot.press("escape", "z", "z", "v")
        shown = await settled(pilot)
        assert f"REPLAY tick {app.watching.film[-1].snapshot.tick - 1}" in shown
        assert "z back" in shown.splitlines()[-1]
        await pilot.press("comma", "f12")
        assert app.big
        assert f"REPLAY tick {app.watching.film[-1].snapshot.tick - 1}" in await settled(pilot)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[lesson]\nnxt = "s"', "no action 'nxt'; near are next"),
        ('[lesson]\nqqqqq = "s"', "F1 in a lesson lists all"),
        ('[lesson]\nlock = "s"', "no action 'lock'"),
        ('[lesson]\nstep = "n"', "n is both next and step"),
        ('[keys]\nback = "c"', "c is both back and change"),
        ('[lessons]\nstep = "x"', "no table 'lessons'; there are [keys], [lesson]"),
        ('lesson = "x"', "lesson is a table"),
    ],
)
def test_a_bad_key_map_of_lessons_is_one_line(text: str, told: str, home: Path) -> None:
    with pytest.raises(ValueError, match=r"keys\.toml: ") as complaint:
        mapped(home, text)
    assert told in str(complaint.value)
    (home / "home" / "config").mkdir(parents=True)
    (home / "keys.toml").rename(paths.keys())
    with pytest.raises(UsageError, match=re.escape(told)):
        screens.lesson(Wanted("trap", recorded=True), False, Look())


def test_names_of_rows_are_words_and_each_is_one_row() -> None:
    names = [row_name(key, keys.KEYS) for key in keys.KEYS]
    assert len(set(names)) == len(names)
    assert set(keys.VIM) <= set(names)


async def test_no_panel_offers_what_can_t_be_done_here() -> None:
    async with opened(small()) as (pilot, _):
        shown = await answer(pilot, "b")
        assert "─ devices" in shown
        assert "plug" not in shown


async def test_without_a_machine_the_measurements_are_seen() -> None:
    async with opened(recorded("scaling")) as (pilot, app):
        shown = " ".join(re.sub(r"[│╭╮╰╯─┃]", " ", drawn.text(app)).split())
        assert "A recording of measurements" in shown
        assert "llmos lesson scaling" in shown
        assert app.scene is not None
        assert dict(app.scene.facts)["parameters"] in shown
        await pilot.press("escape", "comma")
        assert "no machine ran" in await settled(pilot)
        await pilot.press("c")
        assert "a recording is as it was" in await settled(pilot)


async def test_facts_that_were_not_spoken_of_are_not_shown() -> None:
    for name in ORDER:
        session = recorded(name).open()
        for section in session.lesson.sections[:-1]:
            assert section.predict is not None
            scene = session.scene()
            spoken = "".join(s.text + (s.predict.question if s.predict else "") for s in session.lesson.sections)
            told = "".join(s.text for s in session.lesson.sections[: session.index + 1]) + spoken
            assert all("{" + fact + "}" in told for fact, _ in scene.facts)
            session.lock("")


def test_a_run_is_played_slowly_at_first_and_seen_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept, seen = [0.0], [], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("llmos.lessons.watching.time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    watching = Watching(seen.append, 8.0)
    machine = boot(replace(stills.options(), init=("ask", "tell me about the sea", ""), keep=False))
    machine.stepped = watching
    watching.begin()
    machine.run()
    machine.close()
    assert set(slept) == {1 / 8}
    assert len(slept) == min(48, sum(any(t.who == "m" for t in v.snapshot.lanes[0].stream) for v in seen))
    assert len(seen) >= len(slept)


# -- keys ------------------------------------------------------------------------------------------------------------


def test_every_key_does_something() -> None:
    for key in keys.KEYS:
        assert hasattr(LessonRoom, f"action_{key.action.partition('(')[0]}")


async def test_every_key_is_in_the_help() -> None:
    async with opened(small()) as (pilot, app):
        await pilot.press("f1")
        await settled(pilot)
        page = words.page(lesson.load("trap"), keys.lines(keys.KEYS))
        assert all(key.about in page for key in keys.KEYS)
        assert "Where the analogy ends" in page
        assert "F1 lesson sum" in drawn.text(app)


async def test_the_palette_finds_a_key() -> None:
    async with opened(small()) as (pilot, app):
        await pilot.press("ctrl+p", *"markdown")
        await settled(pilot)
        assert "Write all that was said" in drawn.text(app)


async def test_it_can_be_played_again_with_another_seed() -> None:
    async with opened(small()) as (pilot, app):
        assert "37*48" in drawn.text(app)
        await pilot.press("escape", "c", "7", "enter")
        assert "38*48" in await settled(pilot)
        await pilot.press("escape", "c")
        assert "no file" in await answer(pilot, "no such.py")
        assert app.session is not None


async def test_what_a_teacher_locks_is_locked() -> None:
    async with opened(small(locks=("back", "change"))) as (pilot, _):
        await answer(pilot, "b")
        await pilot.press("escape", "comma")
        assert "locked stepping back" in await settled(pilot)
        await pilot.press("c")
        assert "locked changes" in await settled(pilot)


async def test_a_teacher_sees_what_the_class_answered_and_no_answer_before_it_is_locked(home: Path) -> None:
    for student, line in (("ben", "a"), ("eve", "b")):
        async with opened(small(student=student, out=home)) as (pilot, _):
            await answer(pilot, line)
    async with opened(small(student="ana", out=home)) as (pilot, app):
        await pilot.press("escape", "T")
        assert "no answer is given away" in await settled(pilot)
        await pilot.press("escape", "i")
        await answer(pilot, "b")
        await pilot.press("escape", "T")
        shown = await settled(pilot)
        assert re.search(r" 0 █+ 1 ", shown)
        assert re.search(r" 1 █+ 2 ", shown)
        assert "right: 2 of 3" in shown
        await readable(pilot, app)


async def test_a_transcript_and_a_picture_are_written(home: Path) -> None:
    async with opened(small()) as (pilot, _):
        await answer(pilot, "b")
        await pilot.press("escape", "t", "e")
        assert "written:" in await settled(pilot)
    text = (home / "llmos-sum.md").read_text("utf-8")
    assert "You: 1 (right). Machine: 1" in text
    assert "    it was watched" in text
    assert (home / "llmos-sum.svg").read_text("utf-8").startswith("<svg")


# -- beginnings and ends ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [UsageError("no such thing"), LlmosError("broken")])
async def test_what_can_t_begin_ends_the_screen_with_its_reason(
    error: LlmosError, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme = small()

    def fails(**changed: Any) -> Session:
        raise error

    monkeypatch.setattr(programme, "open", fails)
    app = LessonRoom(programme)
    async with app.run_test() as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert not app.is_running
    assert app.failed is error


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("trap", model="nosuch"),
        Wanted("trap", recorded=True, jump=9),
        Wanted("trap", recorded=True, seed=3),
        Wanted("trap", recorded=True, model="smollm2"),
        Wanted("two-files", recorded=True, own=Path("x")),
        Wanted("trap", locks=("goto",)),
        Wanted("trap", out=Path("no/such/folder.json")),
    ],
)
def test_what_can_t_be_is_said_before_the_screen_is_taken(wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LessonRoom, "run", lambda self: pytest.fail("the screen was taken"))
    with pytest.raises(UsageError):
        screens.lesson(wanted, False, Look())


@pytest.mark.parametrize(("asked", "runs"), [(None, 8.0), (2.0, 2.0), (0.0, 0.0)])
def test_a_lesson_s_machine_runs_at_the_speed_that_is_asked_for(
    asked: float | None, runs: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    monkeypatch.setattr(LessonRoom, "run", lambda self: seen.append(self.watching.speed))
    monkeypatch.setattr(LessonRoom, "close", lambda self: ([], True))
    screens.lesson(Wanted("trap", recorded=True), False, Look(), asked)
    assert seen == [runs]


@pytest.mark.parametrize("keys", [("ctrl+c",), ("ctrl+q",), ("escape", "q")])
async def test_leaving_early_leaves_the_answers(keys: tuple[str, ...], home: Path) -> None:
    app: LessonRoom
    async with opened(small(student="ana")) as (pilot, app):
        await answer(pilot, "b")
        await pilot.press(*keys)
        assert not app.is_running
        lines, ended = app.close()
    assert ended
    assert lines[0] == "sum: left at question 2 of 3, score 1"
    sheet = paths.answers() / "sum-ana.json"
    assert str(sheet) in lines[1]
    record = json.loads(sheet.read_text("utf-8"))
    assert (record["finished"], len(record["answers"])) == (False, 1)
    assert [row["state"] for row in grade(sheet.parent)] == ["unfinished"]


async def test_nobody_s_answers_leave_nothing() -> None:
    async with opened(small()) as (pilot, _):
        await answer(pilot, "")
    assert not paths.answers().exists()


async def test_a_class_goes_from_lesson_to_lesson_and_adds_up() -> None:
    programme = recorded("class", student="ana")
    async with opened(programme) as (pilot, app):
        assert "1/12, 0 min  step" in drawn.text(app)
        assert app.scene is not None
        steps = app.scene.steps
        for _ in range(steps):
            await answer(pilot, "")
        assert f"Enter: {ORDER[1]}" in drawn.text(app)
        shown = await answer(pilot, "")
        assert f"lesson {ORDER[1]}" in shown
        assert "2/12" in shown
        await pilot.press("ctrl+c")
        lines, _ = app.close()
    assert lines[0] == f"{ORDER[0]}: score 0 of {steps}"
    assert lines[-1].startswith("class: score 0 of ")
    assert "1 of 12 lessons" in lines[-1]


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (200, 60)])
async def test_any_size_is_survived(size: tuple[int, int]) -> None:
    async with opened(small(), size) as (pilot, app):
        await answer(pilot, "b")
        await pilot.press("f6", "escape", "p", "m")
        await settled(pilot)
        assert app.is_running


async def test_a_lesson_is_drawn_anew_for_every_size() -> None:
    async with opened(small(), (80, 24)) as (pilot, _):
        before = await answer(pilot, "b")
        for size in ((20, 5), (200, 60), (80, 24)):
            await pilot.resize_terminal(*size)
            for _ in range(4):  # it is laid out, and drawn for what came of that
                shown = await settled(pilot)
        assert shown == before


async def test_who_left_the_line_is_not_put_back_into_it() -> None:
    async with opened(small()) as (pilot, app):
        assert app.typing
        await pilot.press("escape")
        for sheet in ("f1", "m", "T", "ctrl+p"):
            await pilot.press(sheet)
            await settled(pilot)
            await pilot.press("escape")
            await settled(pilot)
            assert not app.typing, sheet
        await pilot.press("i")
        assert app.typing


SIZES = ((80, 24), (120, 40), (170, 50))
THEMES = ("night", "day", "contrast")
MOMENTS: dict[str, tuple[str, ...]] = {"question": (), "reveal": ("b", "enter")}


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("moment", MOMENTS)
async def test_picture(moment: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    texts: set[str] = set()
    colours: dict[str, str] = {}
    for theme in THEMES:
        app = LessonRoom(small(), palette(theme), still=True)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await pilot.press(*MOMENTS[moment])
            texts.add(await settled(pilot))
            colours[theme] = drawn.digest(app)
    (text,) = texts
    assert text == snapshot(name="text")
    assert colours == snapshot(name="colours")
    assert len(set(colours.values())) == len(THEMES)


async def readable(pilot: Pilot[Any], app: LessonRoom) -> None:
    """In every theme all text that is on the screen can be read."""
    for theme in ALL_THEMES:
        app.paint(palette(theme))
        app.draw()
        await pilot.pause()
        assert not drawn.faint(app), theme


async def test_all_text_of_a_lesson_can_be_read() -> None:
    async with opened(small()) as (pilot, app):
        await readable(pilot, app)
        for keys_pressed in (("x", "enter"), ("f3",), ("escape",), ("c",), ("escape", "i", "b", "enter")):
            await pilot.press(*keys_pressed)
            await settled(pilot)
            await readable(pilot, app)
        for above in ("f1", "f6", "ctrl+p"):
            await pilot.press(above)
            await settled(pilot)
            await readable(pilot, app)
            await pilot.press("escape")


async def test_all_text_of_a_lesson_without_a_machine_can_be_read() -> None:
    async with opened(recorded("belady"), (80, 24)) as (pilot, app):
        for line in ("a", ""):
            await readable(pilot, app)
            await answer(pilot, line)
        await pilot.press("escape", "m")
        await settled(pilot)
        await readable(pilot, app)
