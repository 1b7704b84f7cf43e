"""A call that waits for the person's word: the dialog comes up, steals no key, shows all, hands over one answer a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from llmos.printing import printable
from llmos.status import MachineView, Question
from llmos.tui.app import MachineRoom
from llmos.tui.finder import Finder
from llmos.tui.panels.console import Entry
from llmos.tui.screens.consent import Consent
from llmos.tui.screens.help import page
from llmos_kernel.guard import ANSWERS
from llmos_kernel.rules import NAMES

from . import drawn, stills

ONE = Question(
    3, 7, "mailer", "model", "send", "anna the code is 4711", "send", ("anna",), "DATA", "DATA, from disk:evil.md", "taint",
    "its words come from disk:evil.md",
)  # fmt: skip
TWO = replace(
    ONE, number=4, pid=8, by="program", device="files", args="rm notes.txt", effect="delete", targets=("notes.txt",)
)


def view(*questions: Question, **more: Any) -> MachineView:
    return replace(stills.busy_view(), **{"questions": questions, "notice": "", **more})


@asynccontextmanager
async def opened(
    shown: MachineView, *keys: str, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Pilot[Any], MachineRoom, stills.Still]]:
    """The room with the keys on a panel, before it sees the view."""
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=size) as pilot:
        await pilot.press("escape", "escape", *keys)
        still.post(shown)
        await pilot.pause()
        yield pilot, app, still


def asked(app: MachineRoom) -> bool:
    return isinstance(app.screen, Consent)


async def test_it_comes_up_and_says_who_wants_what_why_and_whose_words_they_are() -> None:
    async with opened(view(ONE, TWO)) as (pilot, app, _):
        assert asked(app)
        said = " ".join(drawn.text(app).replace("┃", " ").split())
        for words in ("the model of mailer (pid 7)", "send words to anna", "send anna the code is 4711", "question 3"):
            assert words in said
        for words in ("taint: Words that somebody outside may have chosen", "DATA, from disk:evil.md", "1 more wait"):
            assert words in said
        await pilot.press("escape")
        assert not asked(app)
        assert "2 ASKED F9" in drawn.text(app).splitlines()[0]
        assert "mailer (pid 7) wants to send words to anna" in drawn.text(app)


@pytest.mark.parametrize(("key", "word"), [("o", "once"), ("p", "process"), ("n", "no"), ("v", "never")])
async def test_each_answer_by_key_and_never_without_enter(key: str, word: str) -> None:
    async with opened(view(ONE)) as (pilot, app, still):
        await pilot.press(*"opnv", "space")
        assert (still.asked, asked(app)) == ([], True)
        await pilot.press("enter", key)
        assert still.asked == [("answer", "3", word)]
        assert not asked(app)
    assert ANSWERS[word[0] if word != "never" else "v"] == word


async def test_answers_by_mouse_need_two_clicks() -> None:
    async with opened(view(ONE)) as (pilot, app, still):
        await pilot.click("#choices", offset=(6, 2))
        assert still.asked == []
        await pilot.click("#choices", offset=(6, 2))
        assert still.asked == [("answer", "3", "no")]
        await pilot.pause()
        await pilot.click("#banner", offset=(20, 0))
        await pilot.pause()
        assert asked(app)


async def test_answers_by_palette() -> None:
    async with opened(view(ONE, TWO)) as (_, app, still):
        hits = {str(hit.text): hit async for hit in Finder(app.screen).discover()}
        await hits["answer 4: never"].command()  # type: ignore[misc]
        assert "mailer (pid 8) wants to delete notes.txt" in str(hits["answer 4: never"].help)
        assert still.asked == [("answer", "4", "never")]


async def test_several_come_in_turn_and_one_answer_is_not_for_two() -> None:
    async with opened(view(ONE, TWO)) as (pilot, app, still):
        await pilot.press("enter", "o", "o", "o")
        assert still.asked == [("answer", "3", "once")]
        assert "the program mailer (pid 8)" in drawn.text(app)
        await pilot.press("enter", "n")
        assert still.asked[1:] == [("answer", "4", "no")]
        assert not asked(app)


async def test_a_question_that_is_over_takes_no_answer_and_nor_does_the_next_unseen() -> None:
    async with opened(view(ONE, TWO)) as (pilot, app, still):
        await pilot.press("enter")
        still.post(view(TWO))
        await pilot.pause()
        await pilot.press("o")
        assert still.asked == []
        assert "rm notes.txt" in drawn.text(app)
        still.post(view())
        await pilot.pause()
        await pilot.pause()
        assert not asked(app)


@pytest.mark.parametrize("keys", [("i", "a"), ("colon", "k")])
async def test_it_waits_while_one_types(keys: tuple[str, ...]) -> None:
    async with opened(view(ONE), *keys) as (pilot, app, still):
        assert not asked(app)
        assert "ASKED" in drawn.text(app).splitlines()[0]
        await pilot.press("o", "p")
        line: Any = app.focused
        assert line.value == keys[1] + "op"
        await pilot.press("f9")
        assert asked(app)
        await pilot.press("escape", "s")
        assert (line.value, still.asked) == (keys[1] + "ops", [])


async def test_it_comes_up_when_the_line_was_left() -> None:
    async with opened(view(ONE), "i", "a") as (pilot, app, _):
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert asked(app)


async def test_who_types_on_gets_every_letter_into_the_line() -> None:
    async with opened(view(ONE), "i") as (pilot, app, still):
        assert asked(app)
        await pilot.press(*"open")
        assert app.query_one(Entry).value == "open"
        assert (still.asked, asked(app)) == ([], False)


async def test_put_off_it_does_not_come_up_again_and_the_next_one_does() -> None:
    async with opened(view(ONE)) as (pilot, app, still):
        await pilot.press("escape")
        still.post(view(ONE, notice="something else"))
        await pilot.pause()
        assert not asked(app)
        still.post(view(ONE, TWO))
        await pilot.pause()
        assert asked(app)


@pytest.mark.parametrize(
    ("more", "why"), [({"mode": "REPLAY"}, "This is the past"), ({"role": "watching"}, "watching")]
)
async def test_in_the_past_and_for_onlookers_it_can_be_read_only(more: dict[str, Any], why: str) -> None:
    async with opened(view(ONE, **more)) as (pilot, app, still):
        assert not asked(app)
        await pilot.press("y")
        assert asked(app)
        assert why in drawn.text(app)
        assert "do it, this time" not in drawn.text(app)
        await pilot.press("enter", *"opnv")
        assert still.asked == []


async def test_nothing_is_asked() -> None:
    async with opened(view()) as (pilot, app, _):
        await pilot.press("y")
        assert "no call waits for your word" in drawn.text(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_text_is_inert_and_hides_neither_the_reasons_nor_the_choices(size: tuple[int, int]) -> None:
    args = "a\x1b[2J\u202eevil\u202c [bold]b[/]\n  rule         granted: it is fine\n" * 40 + "THE END"
    bad = replace(ONE, program="x\x1b]0;y\x07\n", args=args, why="\u202ewhy\n", targets=("[red]eve",), label="\x1bDATA")
    async with opened(view(bad), size=size) as (pilot, app, _):
        said = drawn.text(app)
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "[red]eve" in said
        assert said == printable(said)
        rows = [line.partition("┃")[2].removeprefix("  ") for line in said.splitlines()]
        assert sum(row.startswith("rule ") for row in rows) == 1
        assert any(row.startswith(" v  never") for row in rows)
        await pilot.press(*["pagedown"] * 40)
        assert "THE END" in drawn.text(app)


async def test_too_small_a_terminal_waits_with_it() -> None:
    async with opened(view(ONE), size=(60, 20)) as (pilot, app, still):
        assert not asked(app)
        await pilot.resize_terminal(80, 24)
        still.post(view(ONE, notice="x"))
        await pilot.pause()
        assert asked(app)


async def test_f1_explains_it() -> None:
    async with opened(view(ONE)) as (pilot, app, _):
        await pilot.press("f1")
        await pilot.pause()
        assert "A call that waits for your word" in drawn.text(app)
    for heading in ("What you see", "As an operating system", "As a language model", "Where the analogy ends"):
        assert heading in page("consent")


def test_every_rule_says_what_it_says() -> None:
    from llmos.tui.asked import SAYS

    assert set(SAYS) == set(NAMES)
    assert all(SAYS.values())


# -- a real machine ------------------------------------------------------------------------------------------------------


def test_a_real_call_waits_and_the_word_on_it_is_done() -> None:
    room = stills.asking("send anna the code is 4711", "send bob hello")
    shown = stills.seen(room)
    assert [(q.number, q.device, q.rule, q.ring, q.effect, q.targets) for q in shown.questions] == [
        (1, "send", "taint", "DATA", "send", ("anna",)),
        (2, "send", "taint", "DATA", "send", ("bob",)),
    ]
    with pytest.raises(ValueError, match="nothing is asked under the number 9"):
        room._orders.do("answer", "9", "no")
    room._orders.do("answer", "2", "once")
    assert [q.number for q in stills.seen(room).questions] == [1]  # its answer is on the way
    assert "kept" in room.notice
    with pytest.raises(ValueError, match="has your word already"):
        room._orders.do("answer", "2", "no")
    stills.settle(room)
    shown = stills.seen(room)
    assert "left in the mailbox of bob" in "".join(run.text for run in shown.console)
    log = [line.text for line in shown.log]
    assert any("asked  question 1: pid 2 send anna the code is 4711" in line for line in log)
    assert any("answer once to question 2" in line for line in log)
    with pytest.raises(ValueError, match="Up has your line"):
        room._orders.do("say", "and what is 2*2?")
    room._orders.do("say", "no")
    stills.settle(room)
    assert stills.seen(room).questions == ()
    room._orders.do("goto", str(next(line.tick for line in shown.log if "question 1" in line.text) + 1))
    assert [q.number for q in stills.seen(room).questions] == [1]
