"""A lesson on the screen, from its record: text, question, lock, reveal, to the end."""

from __future__ import annotations

from textual.widgets import Input

from llmos.lessons import lesson
from llmos.lessons.cli import Wanted, open_session
from llmos.lessons.lab import Cpus
from llmos.lessons.session import Session
from llmos.tui.lesson import LessonRoom

from . import drawn


def recorded(locks: tuple[str, ...] = ()) -> Session:
    return open_session(lesson.load("belady"), Wanted("belady", recorded=True, locks=locks), Cpus("nano"))


async def test_a_lesson_to_its_end() -> None:
    app = LessonRoom(recorded)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "PREDICT" in drawn.text(app)
        assert "hidden until an answer is locked" in drawn.text(app)
        assert app.scene is not None
        for step in range(app.scene.steps):
            assert app.scene.question is not None
            assert app.scene.step == step + 1
            app.query_one(Input).value = ""
            await pilot.press("enter")
            await app.workers.wait_for_complete()
            await pilot.pause()
            verdict = app.scene.verdict
            assert verdict is not None
            assert verdict.machine.split()[0] in drawn.text(app)
        assert app.scene.question is None
        assert "analogy stops" in " ".join(drawn.text(app).split())


async def test_hints_are_shown_or_locked() -> None:
    for locks, shown in (((), "hint:"), (("hint",), "locked the hints")):
        app = LessonRoom(lambda locks=locks: recorded(locks))  # type: ignore[misc]
        async with app.run_test(size=(120, 40)) as pilot:
            await app.workers.wait_for_complete()
            await pilot.press("f3")
            await pilot.pause()
            assert shown in drawn.text(app)


async def test_an_answer_that_can_be_none_is_asked_again() -> None:
    app = LessonRoom(recorded)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        app.query_one(Input).value = "what?"
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "again" in app.message
        assert app.scene is not None
        assert app.scene.step == 1
