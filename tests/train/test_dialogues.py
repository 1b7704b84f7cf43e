"""The generated dialogues: seeded, without duplicates or leaks, balanced, with true results and exact masks."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.devices.base import Context, DeviceError
from llmos.devices.calc import Calculator
from llmos.devices.clock import Clock
from llmos.train import lexicon, texts, vocabulary, world
from llmos.train.chatform import DONE, GO, IM_END, IM_START, RESULT, SPECIALS, TRAP, ChatForm
from llmos.train.dialogue import Call, Dialogue, ask, expand, grams, held_out, normal
from llmos.train.dialogues import AIMED, REPEATS, SHARES, dialogues
from llmos.train.nano import spoken_lines

from .nano_scores import instructions

HAND = [
    json.loads(line)
    for name in ("nano_requests", "nano_blind")
    for line in (Path(__file__).parent / f"{name}.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def train() -> list[Dialogue]:
    return dialogues(1, 6000)


@pytest.fixture(scope="module")
def kept_out() -> list[Dialogue]:
    return dialogues(2, 600, kept_out=True)


@pytest.fixture(scope="module")
def form(train: list[Dialogue]) -> ChatForm:
    return ChatForm(vocabulary.train([line for d in train[:500] for e in d.exchanges for line in spoken_lines(e)], 600))


def calls(items: list[Dialogue]) -> list[Call]:
    return [call for item in items for exchange in item.exchanges for call in exchange.calls]


def test_a_seed_gives_the_same_dialogues_and_another_seed_others(train: list[Dialogue]) -> None:
    assert dialogues(1, 200) == train[:200]
    assert not {d.requests for d in dialogues(7, 200)} & {d.requests for d in train[:200] if d.kind == "sums"}


def test_no_two_dialogues_are_the_same_but_for_short_talk(train: list[Dialogue]) -> None:
    count = Counter((dialogue.system, dialogue.requests, dialogue.kind == "talk") for dialogue in train)
    assert max(times for (_, _, talk), times in count.items() if not talk) == 1
    assert max(times for (_, _, talk), times in count.items() if talk) <= REPEATS
    assert sum(times - 1 for times in count.values()) < 0.05 * len(train)


def test_the_system_text_is_the_machines_own() -> None:
    """With everything built in mounted, word for word, in its order."""
    assert instructions() in {dialogue.system for dialogue in dialogues(3, 300)}


def test_no_held_out_request_is_trained_on(train: list[Dialogue], kept_out: list[Dialogue]) -> None:
    """Neither whole nor as 13 words in a row; and the same for what was written by hand."""
    seen = {normal(exchange.request) for d in train for exchange in d.exchanges}
    asked = {normal(exchange.request) for d in kept_out for exchange in d.exchanges}
    assert not seen & asked
    runs = {gram for text in seen for gram in grams(text)}
    assert runs
    assert not runs & {gram for text in asked | {normal(item["request"]) for item in HAND} for gram in grams(text)}


def test_what_is_kept_out_of_the_manual_is_nowhere_in_training() -> None:
    runs = {gram for text in texts.manual(kept_out=True) for gram in grams(text)}
    assert len(runs) > 1000
    assert not runs & {gram for text in texts.manual() for gram in grams(text)}


def test_kinds_come_in_their_shares(train: list[Dialogue]) -> None:
    count = Counter(dialogue.kind for dialogue in train)
    for kind, share in SHARES.items():
        assert 0.6 * share < 100 * count[kind] / len(train) < 1.4 * share, kind
    devices = Counter(call.device for call in calls(train))
    assert set(devices) == {"calc", "clock", "files", "search"}
    assert min(devices.values()) > 0.04 * sum(devices.values())


def test_the_last_stage_has_more_ways_to_ask_and_the_same_calls(train: list[Dialogue]) -> None:
    """Nothing of it is held out or written by hand; every reply to a call says its result."""
    aimed = dialogues(4, 1200, shares=AIMED)
    runs = {gram for d in aimed for exchange in d.exchanges for gram in grams(normal(exchange.request))}
    assert not runs & {gram for item in HAND for gram in grams(normal(item["request"]))}
    assert not any(held_out(exchange.request) for d in aimed for exchange in d.exchanges)
    chores = [d.exchanges[-1] for d in aimed if d.kind == "chores" and d.exchanges[-1].calls]
    assert {call.device for one in chores for call in one.calls} == {"calc", "clock", "files", "search"}
    for one in chores:
        call = one.calls[0]
        if call.device in ("calc", "clock") and not call.result.startswith("error"):
            assert call.result.replace("≈", "about ") in one.answer, one
        if call.device == "files":
            assert call.args.split(" ")[0] in ("ls", "cat", "write", "append"), one


def test_every_term_theme_and_call_form_occurs(train: list[Dialogue]) -> None:
    answers = {exchange.answer for d in train for exchange in d.exchanges}
    assert set(world.terms().values()) <= answers
    assert {answer for _, answer in world.themes()} <= answers
    verbs = {f"{call.device} {call.args.split(' ')[0]}" for call in calls(train) if call.device in ("clock", "files")}
    assert verbs == {f"clock {verb}" for verb in ("now", "date", "time", "weekday", "add", "days")} | {
        f"files {verb}" for verb in ("ls", "cat", "write", "append")
    }


def test_results_are_those_of_the_real_devices(train: list[Dialogue]) -> None:
    """Every sum, and every date that does not depend on today."""
    devices, context = {"calc": Calculator(), "clock": Clock()}, Context(now=lambda: datetime(2000, 1, 1))
    checked = Counter[str]()
    for call in calls(train):
        fixed = call.device == "calc" or (call.device == "clock" and re.search(r"\d{4}-\d\d-\d\d", call.args))
        if not fixed:
            continue
        try:
            result = devices[call.device].call(call.args, context).text
        except DeviceError as error:
            result = f"error: {error}"
        assert call.result == result, call
        checked[call.device] += 1
    assert checked["calc"] > 1000
    assert checked["clock"] > 700


def test_the_mask_covers_the_assistant_and_its_calls_but_no_result(train: list[Dialogue], form: ChatForm) -> None:
    """Read back from the tokens alone: inside an assistant's turn and outside RESULT ... DONE, and nowhere else."""
    names = {form.ids[name]: name for name in SPECIALS}
    header = len(form.encode("assistant\n"))
    for dialogue in train[:400]:
        tokens, learned = form.dialogue(dialogue)
        assert len(tokens) == len(learned)
        speaking, silent, skip = False, False, 0
        for i, token in enumerate(tokens):
            if names.get(token) == IM_START:
                speaking = tokens[i + 1 : i + 1 + header] == form.encode("assistant\n")
                skip = header + 1
            silent = silent or names.get(token) == RESULT
            assert learned[i] == (speaking and not silent and skip <= 0), (dialogue, i)
            silent = silent and names.get(token) != DONE
            speaking = speaking and names.get(token) != IM_END
            skip -= 1
        assert tokens.count(form.ids[TRAP]) == tokens.count(form.ids[GO]) == tokens.count(form.ids[DONE])


def test_text_never_becomes_a_control_id(form: ChatForm) -> None:
    for name in SPECIALS:
        with pytest.raises(ValueError, match="control token"):
            form.encode(f"so {name} it is")


def test_a_prompt_is_the_beginning_of_its_dialogue(train: list[Dialogue], form: ChatForm) -> None:
    for dialogue in train[:200]:
        prompt, whole = form.prompt(dialogue), form.dialogue(dialogue)
        assert whole.tokens[: len(prompt)] == prompt
        assert whole.learned[len(prompt)] == 1


@given(st.integers(0, 10**6))
def test_values_stay_exact_however_untidy_the_wording(seed: int) -> None:
    rng = Random(seed)
    value = lexicon.made_up(rng)
    assert value in ask(
        rng, "[please remember|could you perhaps remember] {v} [and nothing else|for tomorrow morning][?|]", v=value
    )


@given(st.integers(0, 10**6))
def test_expand_takes_one_of_each_choice(seed: int) -> None:
    assert expand(Random(seed), "[a|b[c|d]]-[e|]") in {f"{x}-{y}" for x in ("a", "bc", "bd") for y in ("e", "")}


@given(st.text(max_size=60))
def test_case_spacing_and_marks_do_not_move_a_request_across_the_line(text: str) -> None:
    text = text.encode("ascii", "ignore").decode()
    assert held_out(text) == held_out(f"  {text.upper()} ?!")


def test_the_generator_says_when_it_runs_dry(monkeypatch: pytest.MonkeyPatch) -> None:
    same = [next(dialogue for dialogue in dialogues(1, 50) if dialogue.kind == "sums")] * 10_000
    monkeypatch.setattr("llmos.train.dialogues.stream", lambda seed, kept_out, shares: iter(same))
    with pytest.raises(ValueError, match="only 1 different"):
        dialogues(1, 5)
