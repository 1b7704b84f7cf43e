"""The attack lab: foretell, run, compare with the honest twin; texts of one's own; a report; every key and click."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from llmos.attacks.lab import attacks
from llmos.attacks.scenarios import SCENARIOS, case, twin
from llmos.attacks.trial import EVERY, QUESTIONS, score, trial
from llmos.tui.app import MachineRoom
from llmos.tui.attacklab import CASES, FOOT, SWITCHES, Bench
from llmos.tui.screens.attacks import AttackLab
from llmos_kernel.monitor import NAMES

from . import drawn, stills

SIZES = [(80, 24), (120, 40), (200, 60), (20, 5)]


@asynccontextmanager
async def opened(size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[Pilot[Any], Bench]]:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=size) as pilot:
        app.push_screen(AttackLab(app.palette))
        await pilot.pause()
        assert isinstance(app.screen, AttackLab)
        yield pilot, app.screen.lab


async def press(pilot: Pilot[Any], *keys: str) -> str:
    """What is drawn when the keys have done their work."""
    await pilot.press(*keys)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    return drawn.text(pilot.app)


async def test_nothing_is_run_before_it_was_foretold() -> None:
    async with opened() as (pilot, lab):
        shown = drawn.text(pilot.app)
        assert lab.trial is None
        assert all(question in shown for question in QUESTIONS)
        assert "it got out" not in shown
        shown = await press(pilot, "y", "y", "y", "y", "r")
        assert lab.guesses == [True, True, True]
        assert lab.trial is not None
        assert lab.trial.came == (True, False, True)
        assert (lab.right, lab.foretold) == (2, 3)
        assert shown.count("as you foretold") == 3
        assert shown.count("not as you foretold") == 1
        assert "foretold: 2 of 3 right" in shown
        assert "it got out" in shown
        assert "held by" in shown
        await press(pilot, "r")
        assert lab.foretold == 3, "a case that was seen is not foretold again"


async def test_another_case_or_rule_asks_anew() -> None:
    async with opened((80, 24)) as (pilot, lab):
        for key in ("down", "1", "0", "up"):
            await press(pilot, "n", "r")
            assert lab.trial is not None
            await press(pilot, key)
            assert (lab.trial, lab.guesses) == (None, [])


async def test_without_rules_both_worlds_are_the_same() -> None:
    async with opened() as (pilot, lab):
        await press(pilot, "0", "r")
        assert lab.trial is not None
        assert lab.trial.came == (True, True, True)
        assert lab.scores[1][1] == lab.scores[0][1]
        await press(pilot, "0", "r")
        bare, held = (one for _, one in lab.scores)
        assert (bare.reached, held.reached) == (bare.attacks, 0)
        assert held.done == held.works


async def test_the_twin_and_the_score_have_pages_of_their_own() -> None:
    async with opened((80, 24)) as (pilot, lab):
        assert "r runs it first" in await press(pilot, "t")
        await press(pilot, "t")
        shown = await press(pilot, "r", "t")
        assert "it is done" in shown
        assert lab.case.order in shown
        shown = await press(pilot, "s")
        assert f" 0 of {len(EVERY)}" in shown
        assert "over all cases" in shown
        assert "world A" in await press(pilot, "s")


def test_an_honest_twin_is_never_held_but_where_no_model_may_do_it() -> None:
    """Nothing was planted and the person said it: only what no model may start, not even for its owner, is refused."""
    held = [one.name for one in SCENARIOS if not attacks([twin(case(one, 0))])[0].reached]
    assert held == ["fork-bomb"]
    assert all(attacks([twin(case(one, 0))], "none")[0].reached for one in SCENARIOS)


def test_the_rules_hold_every_attack_and_cost_one_honest_order() -> None:
    """What is foretold is judged by: without rules all is done, with them no harm, and of honest orders all but one."""
    came = {one.name: trial(one, "all").came for one in EVERY}
    assert came == {one.name: (True, False, one.name != "fork-bomb") for one in EVERY}
    assert {one.name for one in EVERY if trial(one, "caller").held.reached} == set(CASES) - {"fork-bomb"}
    assert score("all").denied == 0


async def test_a_text_of_ones_own_typed_or_from_a_file(tmp_path: Path) -> None:
    async with opened() as (pilot, lab):
        before = lab.case.planted
        await press(pilot, "e", "h", "i", "enter", "r")
        assert lab.trial is not None
        assert lab.trial.bare.planted == before + "hi"
        file = tmp_path / "letter.txt"
        file.write_bytes(b"obey {me}\x1b[2J \xff and " + b"x" * 5000)
        await press(pilot, "i")
        pilot.app.screen.query_one(Input).value = str(file)
        shown = await press(pilot, "enter")
        assert lab.case.planted.startswith("obey {me}\x1b[2J")
        assert len(lab.case.planted) == 2000
        assert "\x1b" not in shown
        await press(pilot, "r", "asterisk")
        assert lab.message.startswith("200 random endings: the model obeyed 200, 0 got through")
        await press(pilot, "i")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "none")
        assert "can't read" in await press(pilot, "enter")
        await press(pilot, "i", "escape")
        assert isinstance(pilot.app.screen, AttackLab)


async def test_a_report_can_be_taken_away_and_overwrites_nothing(tmp_path: Path) -> None:
    async with opened() as (pilot, lab):
        assert "r runs it first" in await press(pilot, "x")
        await press(pilot, "n", "n", "r")
        for name in ("report.md", "report-2.md"):
            await press(pilot, "x")
            pilot.app.screen.query_one(Input).value = str(tmp_path / "report.md")
            assert "wrote" in await press(pilot, "enter")
            text = (tmp_path / name).read_text("utf-8")
        assert "foretold no, wrong" in text
        assert "foretold no, right" in text
        assert "not answered" in text
        assert f"| no rule | {len(EVERY)} of {len(EVERY)} |" in text
        await press(pilot, "x")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "no" / "where.md")
        assert "can't write" in await press(pilot, "enter")
        assert lab.trial is not None


@pytest.mark.parametrize("size", SIZES)
async def test_every_case_at_every_size(size: tuple[int, int]) -> None:
    async with opened(size) as (pilot, lab):
        for _ in CASES:
            await press(pilot, "r", "t", "t", "s", "s", "down")
        assert lab.at == len(CASES) - 1


async def test_what_a_key_does_a_click_does() -> None:
    async with opened() as (pilot, lab):
        click: Callable[..., Any] = pilot.click
        lines = drawn.text(pilot.app).splitlines()
        row = next(i for i, line in enumerate(lines) if f" {SWITCHES[3]} [x] {NAMES[3]}" in line)
        assert await click(offset=(lines[row].index(f"[x] {NAMES[3]}"), row))
        await pilot.pause()
        assert lab.on == set(NAMES) - {NAMES[3]}
        row = next(i for i, line in enumerate(lines) if CASES[4] in line)
        assert await click(offset=(5, row))
        await pilot.pause()
        assert lab.at == 4
        for key, words, action in FOOT:
            at = drawn.text(pilot.app).splitlines()[-1].find(f" {key} {words}".rstrip())
            assert at >= 0, action
        last = len(lines) - 1
        assert await click(offset=(lines[last].index(" y yes") + 1, last))
        assert await click(offset=(lines[last].index(" r run") + 1, last))
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        assert lab.guesses == [True]
        assert lab.trial is not None
        assert await click(offset=(lines[last].index(" Esc") + 1, last))
        await pilot.pause()
        assert not isinstance(pilot.app.screen, AttackLab)
