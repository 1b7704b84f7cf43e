"""How well a small assistant does: shares with their Wilson intervals, on dialogues and on requests written by hand.

Knows: how a turn runs, and shares. Does not know: what counts as right (`llmos.evals.scoring` does), how the model is run (it
gets a function) or what devices are (it gets another).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np

from llmos.cpu.config import ModelConfig
from llmos.evals import scoring

from . import forward
from .chatform import GO, IM_END, TRAP, ChatForm, Example
from .dialogue import Call, Dialogue

Extend = Callable[[Sequence[int], int, tuple[int, ...]], list[int]]
"""(ids so far, most tokens, ids that stop) -> greedy ids, the stopping one included."""

MOST_CALLS = 4


class Share(NamedTuple):
    """So many of so many."""

    hits: int
    of: int

    def __str__(self) -> str:
        low, high = wilson(self.hits, self.of)
        return (
            f"{100 * self.hits / max(self.of, 1):.1f} % ({self.hits} of {self.of}; {100 * low:.1f} to {100 * high:.1f})"
        )


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927)."""
    if of == 0:
        return 0.0, 1.0
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / of + spread / of / 4) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(flags: Iterable[bool]) -> Share:
    found = list(flags)
    return Share(sum(found), len(found))


@dataclass(frozen=True)
class Spoken:
    """One turn as it was generated: the calls with their results, and the words outside them."""

    calls: tuple[Call, ...]
    answer: str
    ended: bool  # with the end-of-turn token, not cut off


def converse(
    form: ChatForm, piece: Callable[[list[int]], str], extend: Extend, device: Callable[[str], str], prompt: list[int]
) -> Spoken:
    """Run one turn: whenever the model calls, `device` gets the call's text and its result is injected."""
    ids, said = list(prompt), ""
    calls: list[Call] = []
    stops = (form.ids[TRAP], form.ids[IM_END])
    for _ in range(MOST_CALLS + 1):
        new = extend(ids, 120, stops)
        ids += new
        said += piece([i for i in new if i not in stops])
        if not new or new[-1] != form.ids[TRAP]:
            return Spoken(tuple(calls), said.strip(), bool(new) and new[-1] == form.ids[IM_END])
        wanted = extend(ids, 60, (form.ids[GO],))
        text = piece([i for i in wanted if i != form.ids[GO]])
        name, _, args = text.partition(" ")
        calls.append(Call(name, args, device(text)))
        ids += wanted + form.injected(calls[-1].result)
    return Spoken(tuple(calls), said.strip(), False)


class Verdict(NamedTuple):
    device: bool  # the device that was expected, or none where none was
    args: bool
    value: bool
    answer: bool


def judge(expect: dict[str, Any], spoken: Spoken) -> Verdict:
    """As `llmos eval traps` judges. What is not asked for counts as right where the device is; an answer must have ended."""
    found = scored(expect, spoken)
    device = not found.false_trap if found.device is None else found.device
    args, value = (device if flag is None else flag for flag in (found.args, found.value))
    return Verdict(device, args, value, found.answer is not False and spoken.ended)


def scored(expect: dict[str, Any], spoken: Spoken) -> scoring.Verdict:
    return scoring.judge(expect, [scoring.Called(c.device, c.args, c.result) for c in spoken.calls], spoken.answer)


def word_for_word(
    config: ModelConfig, params: forward.Params, form: ChatForm, items: Sequence[Dialogue], time: int, batch: int = 16
) -> list[Verdict]:
    """Greedy decoding of each dialogue's last turn, many at once and stricter than `judge`.

    Decoding follows the expected turn for as long as the best guess is the expected token, so one forward pass over
    the expected tokens tells where it would leave it. Dialogues longer than `time` are left out.
    """
    examples = [(item, form.dialogue(item)) for item in items]
    examples = [(item, example) for item, example in examples if len(example.tokens) <= time]
    guesses = jax.jit(lambda rows: forward.logits(config, params, rows, rows * 0 + 1).argmax(-1))
    out = []
    for start in range(0, len(examples), batch):
        part = examples[start : start + batch]
        rows = np.zeros((batch, time), np.int32)
        for row, (_, example) in zip(rows, part, strict=False):
            row[: len(example.tokens)] = example.tokens
        for (item, example), guess in zip(part, np.asarray(guesses(rows)), strict=False):
            out.append(_followed(form, example, guess, len(form.prompt(item)), bool(item.exchanges[-1].calls)))
    return out


def _followed(form: ChatForm, example: Example, guess: np.ndarray[Any, Any], begin: int, calls: bool) -> Verdict:
    """Which of the learned tokens from `begin` on were guessed: up to the first call's name, its end, the turn's end. Where no
    call is expected the device is right if none begins, whatever is said instead."""
    tokens = np.array(example.tokens[begin:])
    right = (guess[begin - 1 : begin - 1 + len(tokens)] == tokens) | (np.array(example.learned[begin:]) == 0)
    if not calls:
        silent = int(guess[begin - 1]) != form.ids[TRAP]
        return Verdict(silent, silent, silent, bool(right.all()))
    name = next(i for i, token in enumerate(tokens) if form.begins_word(token))
    last = int(np.flatnonzero(tokens == form.ids[GO])[-1])
    call = bool(right[: last + 1].all())
    return Verdict(bool(right[:name].all()), call, call, bool(right.all()))
