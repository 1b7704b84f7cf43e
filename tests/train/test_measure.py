"""Scores: intervals, what counts as right, and the conversation with devices."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.cpu.config import ModelConfig
from llmos.train import forward, measure, vocabulary
from llmos.train.chatform import IM_END, TRAP, ChatForm
from llmos.train.dialogue import Call, Dialogue, Exchange, Say
from llmos.train.measure import Share, Spoken, Verdict, judge, wilson

SUM = Exchange("what is 2+3?", (Call("calc", "2+3", "5"), Say("The answer is 5.")))
HELLO = Exchange("hello", (Say("Hello!"),))


@pytest.fixture(scope="module")
def form() -> ChatForm:
    return ChatForm(vocabulary.train(["what is 2+3? The answer is 5. calc hello user assistant"] * 9, 300))


def test_wilson_intervals_are_the_published_ones() -> None:
    """Newcombe (1998), table I, method 3."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-4)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share(pair: tuple[int, int]) -> None:
    low, high = wilson(*pair)
    assert 0 <= low <= pair[0] / pair[1] + 1e-12
    assert pair[0] / pair[1] - 1e-12 <= high <= 1


def test_a_share_is_written_with_its_interval() -> None:
    assert str(Share(15, 148)) == "10.1 % (15 of 148; 6.2 to 16.0)"


@pytest.mark.parametrize(
    ("spoken", "verdict"),
    [
        (Spoken((Call("calc", "2+3", "5"),), "The answer is 5.", True), Verdict(True, True, True, True)),
        (Spoken((Call("calc", "2+3", "5"),), "The answer is 5.", False), Verdict(True, True, True, False)),
        (Spoken((Call("calc", "2*3", "6"),), "The answer is 6.", True), Verdict(True, False, False, False)),
        (Spoken((Call("clock", "2+3", "5"),), "The answer is 5.", True), Verdict(False, False, False, True)),
        (Spoken((), "The answer is 5.", True), Verdict(False, False, False, True)),
    ],
)
def test_a_sum_is_judged_by_device_arguments_value_and_answer(spoken: Spoken, verdict: Verdict) -> None:
    expect = {"device": "calc", "args_regex": r"^2\+3$", "result": "5", "answer_regex": r"\b5\b"}
    assert judge(expect, spoken) == verdict


def test_a_call_where_none_is_needed_is_wrong() -> None:
    expect = {"device": None, "answer_regex": "hello"}
    assert judge(expect, Spoken((), "Hello!", True)) == Verdict(True, True, True, True)
    assert not judge(expect, Spoken((Call("calc", "1", "1"),), "Hello!", True)).device


def parrot(form: ChatForm, exchange: Exchange) -> measure.Extend:
    """A model that has learned one exchange by heart."""
    whole = form.dialogue(Dialogue("", (exchange,))).tokens

    def extend(prompt: Sequence[int], most: int, stops: tuple[int, ...]) -> list[int]:
        assert whole[: len(prompt)] == list(prompt)
        rest = whole[len(prompt) :][:most]
        end = next((i for i, token in enumerate(rest) if token in stops), len(rest) - 1)
        return rest[: end + 1]

    return extend


def test_a_turn_runs_through_its_calls(form: ChatForm) -> None:
    asked: list[str] = []

    def device(text: str) -> str:
        asked.append(text)
        return "5"

    prompt = form.prompt(Dialogue("", (SUM,)))
    spoken = measure.converse(form, form.decode, parrot(form, SUM), device, prompt)
    assert asked == ["calc 2+3"]
    assert spoken == Spoken((Call("calc", "2+3", "5"),), "The answer is 5.", True)
    assert (
        measure.converse(form, form.decode, parrot(form, HELLO), device, form.prompt(Dialogue("", (HELLO,)))).answer
        == "Hello!"
    )


def test_a_model_that_only_calls_is_stopped(form: ChatForm) -> None:
    spoken = measure.converse(
        form, form.decode, lambda ids, most, stops: [stops[0]], lambda text: "", [form.ids[IM_END]]
    )
    assert len(spoken.calls) == measure.MOST_CALLS + 1
    assert not spoken.ended


def test_word_for_word_finds_where_a_turn_goes_wrong(form: ChatForm, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a forward pass that knows the dialogue by heart but for one position."""
    config = ModelConfig("llama", 300, dim=8, layers=1, heads=1, kv_heads=1, head_dim=8, hidden=8, context=99)
    dialogue = Dialogue("", (SUM,))
    tokens = form.dialogue(dialogue).tokens
    begin = tokens.index(form.ids[TRAP])

    def verdict(wrong: int | None) -> Verdict:
        best = np.array([*tokens[1:], 0])
        if wrong is not None:
            best[wrong - 1] = (best[wrong - 1] + 1) % 300
        scores = jax.nn.one_hot(best, 300)
        padded = jnp.zeros((1, 80, 300)).at[0, : len(tokens)].set(scores)
        monkeypatch.setattr(forward, "logits", lambda config, params, rows, segments: padded)
        return measure.word_for_word(config, {}, form, [dialogue], 80, 1)[0]

    go, done = (tokens.index(form.ids[name]) for name in ("<|go|>", "<|done|>"))
    assert verdict(None) == Verdict(True, True, True, True)
    assert verdict(begin) == Verdict(False, False, False, False)
    assert verdict(go - 1) == Verdict(True, False, False, False)
    assert verdict(done) == Verdict(True, True, True, True)  # the kernel's tokens are not the model's
    assert verdict(done + 2) == Verdict(True, True, True, False)


def test_where_no_call_is_expected_only_a_call_is_the_wrong_device(
    form: ChatForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ModelConfig("llama", 300, dim=8, layers=1, heads=1, kv_heads=1, head_dim=8, hidden=8, context=99)
    dialogue = Dialogue("", (HELLO,))
    tokens, begin = form.dialogue(dialogue).tokens, len(form.prompt(dialogue))

    def verdict(first: int) -> Verdict:
        best = np.array([*tokens[1:], 0])
        best[begin - 1] = first
        padded = jnp.zeros((1, 80, 300)).at[0, : len(tokens)].set(jax.nn.one_hot(best, 300))
        monkeypatch.setattr(forward, "logits", lambda config, params, rows, segments: padded)
        return measure.word_for_word(config, {}, form, [dialogue], 80, 1)[0]

    assert verdict(tokens[begin]) == Verdict(True, True, True, True)
    assert verdict(tokens[begin] + 1) == Verdict(True, True, True, False)
    assert verdict(form.ids[TRAP]) == Verdict(False, False, False, False)
