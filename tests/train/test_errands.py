"""Data of the trap adapter: seeded, varied, true, without anything of the requests that were written by hand."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from llmos.devices import registry
from llmos.devices.base import Context
from llmos.devices.calc import Calculator
from llmos.train import errands, problems, trapdata
from llmos.train.dialogue import Exchange, grams, normal

HAND = Path(__file__).parents[1] / "traps" / "requests.jsonl"


@pytest.fixture(scope="module")
def made() -> list[tuple[str, Exchange]]:
    return trapdata.requests(1, 700)


def test_a_seed_gives_the_same_requests_and_none_comes_twice(made: list[tuple[str, Exchange]]) -> None:
    assert trapdata.requests(1, 60) == made[:60]
    assert max(Counter(normal(one.request) for _, one in made).values()) == 1


def test_kinds_come_in_their_shares(made: list[tuple[str, Exchange]]) -> None:
    count = Counter(kind for kind, _ in made)
    for kind, share in errands.SHARES.items():
        assert abs(count[kind] / len(made) - share / 100) < 0.06, kind
    assert all(bool(one.calls) == (kind != "talk") for kind, one in made)


def test_no_request_written_by_hand_is_in_the_data_whole_or_in_part(made: list[tuple[str, Exchange]]) -> None:
    hand = [json.loads(line)["request"] for line in HAND.read_text("utf-8").splitlines()]
    texts = {normal(one.request) for _, one in made}
    parts = {gram for text in texts for gram in grams(text)}
    assert parts
    assert not parts & {gram for text in hand for gram in grams(text)}
    long = {normal(text) for text in hand if len(normal(text).split()) > 9}
    assert long
    assert not texts & long


def test_kept_out_requests_are_never_trained_on(made: list[tuple[str, Exchange]]) -> None:
    kept_out = {normal(one.request) for _, one in trapdata.requests(2, 40, kept_out=True)}
    assert not kept_out & {normal(one.request) for _, one in made}


def test_answers_say_what_the_devices_said(made: list[tuple[str, Exchange]]) -> None:
    for kind, one in made:
        if kind in ("sums", "clock", "python") and not one.calls[-1].result.startswith("error"):
            assert one.calls[-1].result.replace("≈", "about ") in one.answer, one
        assert "{" not in one.request or kind in ("python", "two"), one


def test_every_line_of_the_problems_is_a_sum_that_the_calculator_reads() -> None:
    calculator, rng = Calculator(), Random(5)
    for _ in range(1500):
        problem = problems.draw(rng)
        assert not set("{}[]") & set(problem.request + problem.expression), problem
        calculator.call(problem.expression, Context())


def test_the_system_texts_are_the_machines_own(tmp_path: Path) -> None:
    names = ("calc", "clock", "files", "search", "python", "spawn", "send")
    listed = registry.mounted(names, registry.Settings(home=tmp_path, pretend=True))
    try:
        assert trapdata.systems(Random(1), 1) == [registry.instructions(listed)]
    finally:
        registry.close(listed)


def test_a_bench_has_a_clock_that_is_pinned_and_a_home_of_its_own(tmp_path: Path) -> None:
    bench = errands.Bench(datetime(2026, 3, 9, 14, 5), tmp_path)
    assert bench.call("clock", "now").result == "2026-03-09 14:05"
    assert bench.call("files", "cat nothing.txt").result.startswith("error:")
    assert bench.call("calc", "6*7").result == "42"
