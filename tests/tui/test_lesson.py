"""A lesson on the screen, from its record: text, question, lock, reveal, to the end."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from textual.widgets import Input

from llmos.boot import boot
from llmos.lessons import lesson
from llmos.lessons.cli import Wanted, open_session
from llmos.lessons.lab import Cpus
from llmos.lessons.session import Session
from llmos.lessons.watching import Watching
from llmos.tui.lesson import LessonRoom

from . import drawn, stills


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
    assert len(slept) == min(48, sum(any(t.who == "m" for t in s.lanes[0].stream) for s in seen))
    assert len(seen) >= len(slept)
