"""Data of the trap adapter: seeded, varied, true, without anything of the requests that were written by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from llmos.devices import registry
from llmos.devices.base import Context, DeviceError
from llmos.devices.calc import Calculator
from llmos.train import articles, chains, errands, problems, trapdata, vocabulary
from llmos.train.chatform import GO, ChatForm
from llmos.train.dialogue import Exchange, grams, normal
from llmos.train.phrasing import remarks

HAND = (
    Path(__file__).parents[1] / "traps" / "requests.jsonl",
    Path(__file__).parents[1] / "traps" / "blind.jsonl",
    Path(__file__).parents[1] / "traps" / "talk.jsonl",
    Path(__file__).parent / "nano_blind.jsonl",
    Path(__file__).parent / "nano_requests.jsonl",
)


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


@pytest.fixture(scope="module")
def further() -> list[tuple[str, Exchange]]:
    return trapdata.requests(2, 400, shares=errands.FURTHER)


def test_no_request_written_by_hand_is_in_the_data_whole_or_in_part(
    made: list[tuple[str, Exchange]], further: list[tuple[str, Exchange]]
) -> None:
    """Nor in what is only held still."""
    hand = [json.loads(line)["request"] for path in HAND for line in path.read_text("utf-8").splitlines()]
    texts = {normal(one.request) for _, one in made + further} | {normal(text) for text in remarks(Random(1), 900)}
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


def test_remarks_are_different_and_filled() -> None:
    made = remarks(Random(4), 300)
    assert len(set(made)) == 300
    assert not set("[]{}|") & set("".join(made))


def test_an_article_answers_each_of_its_questions_and_the_disk_finds_it() -> None:
    rng = Random(3)
    for _ in range(40):
        one = articles.lookup(rng)
        assert one.answer in one.result, one
        assert one.text in one.result or one.result.count("[") > 1, one
        assert not set("{}|") & set(one.question + one.answer + one.text), one
        assert re.match(r"\[.+#\d+ of \d+\] ", one.result), one


def error(calculator: Calculator, expression: str) -> str:
    """Why the calculator can't answer, "" if it can."""
    try:
        calculator.call(expression, Context())
    except DeviceError as reason:
        return str(reason)
    return ""


def test_every_line_of_the_problems_is_a_sum_that_the_calculator_reads() -> None:
    calculator, rng = Calculator(), Random(5)
    for _ in range(1500):
        problem = problems.draw(rng)
        assert not set("{}[]") & set(problem.request + problem.expression), problem
        assert error(calculator, problem.expression) in ("", "division by zero"), problem


def test_a_chain_says_in_words_what_its_expression_says() -> None:
    calculator, rng = Calculator(), Random(6)
    for _ in range(1500):
        request, expression = chains.draw(rng)
        assert error(calculator, expression) in ("", "division by zero"), (request, expression)
        digits = re.findall(r"\d+(?:\.\d+)?", request)
        assert not Counter(digits) - Counter(re.findall(r"\d+(?:\.\d+)?", expression)), (request, expression)
        plain = re.sub("[×x]", "*", request.replace("÷", "/")).replace(" ", "").rstrip("=?")
        assert re.search("[a-z]", plain) or plain == expression, (request, expression)


def test_two_calls_are_made_in_turn_and_the_second_knows_of_the_first(further: list[tuple[str, Exchange]]) -> None:
    pairs = [one for kind, one in further if kind == "two"]
    assert len(pairs) > 20
    for one in pairs:
        assert len(one.calls) >= 2, one  # a holiday takes two by itself
        first, second = one.calls[:2]
        if (first.device, second.device) == ("files", "calc"):
            assert set(re.findall(r"\d+", first.result)) <= set(re.findall(r"\d+", second.args)), one
        if first.device == "clock" and second.device == "calc":
            assert second.args.startswith(first.result), one


@pytest.fixture(scope="module")
def form() -> ChatForm:
    return ChatForm(vocabulary.train(["what is 2+3? calc hello user assistant files send clock"] * 9, 300))


def test_a_short_example_ends_with_its_call(form: ChatForm, further: list[tuple[str, Exchange]]) -> None:
    for kind, one in further[:80]:
        whole, short = trapdata.example(form, kind, one), trapdata.short(form, kind, one)
        assert whole.tokens[: len(short.tokens)] == short.tokens
        if len(one.calls) > 1:
            assert short == whole
        else:
            assert short.learned[-1] == 1
            assert (short.tokens[-1] == form.ids[GO]) == bool(one.calls), one


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
