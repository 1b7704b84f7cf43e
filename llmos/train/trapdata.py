"""Rows for fine-tuning: dialogues of `errands` packed after one shared system text, and which tokens are learned.

Knows: the machine's system texts and the chat form. Does not know: the loss (`tuning`). Every row belongs to one system
text; a step takes rows of one text only, so that the text is read once a step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import errands, pairs
from .chatform import GO, ChatForm, Example
from .dialogue import Exchange, held_out, normal
from .documents import Replies
from .packing import Rows, pack

DOCUMENTS, TALKS = 1, 2  # rows of documents and of replies in a step, on which the model is held still
TALK_LEARNED = 3  # tokens of a reply without a call: that none is made; the words stay the base model's own
HELP = {
    "calc": "exact sums, percent and units, such as calc 37*48 or calc 15% of 80 or calc 5 km in miles",
    "clock": "the date and time, such as clock now or clock add 30 days to 2026-01-31",
    "files": "your files, such as files cat notes.txt or files write notes.txt Buy milk",
    "search": "finds texts on the disk, such as search page fault",
    "page": "reads on from a found text, such as page Paging#2",
    "python": "runs a short program, such as python print(2)",
    "spawn": "starts a program, such as spawn chat or spawn research tides",
    "send": "leaves a message for a person or a process, such as send anna Dinner is ready",
}
OFTEN = 4000  # the loss chooses among what is learned and so many of the first ids, which are the common words
PADS = (32, 96, 160, 256)  # lengths that a system text is padded to: few shapes, few compilations


class Held(NamedTuple):
    """Text on which a model is to stay what it was: documents [n, time], and replies that follow a system text."""

    documents: NDArray[np.int32]
    replies: Replies


class TrapRows(NamedTuple):
    """`rows.tokens[i]` follows system text `system[i]`. `take` gives a step: all its rows follow the text of the first."""

    rows: Rows
    prefixes: tuple[tuple[int, ...], ...]
    kept: NDArray[np.int32]  # vocabulary of the loss
    learned: int  # most learned tokens of a row
    batch: int
    held: Held | None  # some of which goes with each step

    @property
    def tokens(self) -> NDArray[np.int32]:
        return self.rows.tokens

    def take(self, index: NDArray[np.int64]) -> dict[str, Any]:
        part = self.rows.take(index)
        before = self._beginning(index)
        at = np.argsort(part["weights"] == 0, axis=1, kind="stable")[:, : self.learned]
        targets = np.searchsorted(self.kept, np.take_along_axis(part["targets"], at, 1))
        weights = np.take_along_axis(part["weights"], at, 1)
        targets = np.where(weights > 0, targets, 0)
        return self._still(index, before) | before | {
            "tokens": part["tokens"], "segments": part["segments"], "at": at.astype(np.int32),
            "targets": targets.astype(np.int32), "weights": weights,
        }  # fmt: skip

    def _beginning(self, index: NDArray[np.int64]) -> dict[str, Any]:
        """The system text of a step, padded."""
        prefix = self.prefixes[int(index[0]) % len(self.prefixes)]
        padded = np.zeros(next(p for p in PADS if p >= len(prefix)), np.int32)
        padded[: len(prefix)] = prefix
        return {"prefix": padded, "prefix_length": np.array(len(prefix), np.int32)}

    def _still(self, index: NDArray[np.int64], before: dict[str, Any]) -> dict[str, Any]:
        """What is held still in a step: documents that nothing precedes, replies that follow the step's system text."""
        if self.held is None:
            return {}
        plain = self.held.documents[index[:DOCUMENTS] % len(self.held.documents)]
        nothing = {"prefix": np.zeros(8, np.int32), "prefix_length": np.array(0, np.int32)}
        some = (index[0] * TALKS + np.arange(TALKS)) % len(self.held.replies.tokens)
        said = {name: array[some] for name, array in self.held.replies._asdict().items()}
        return {"plain": nothing | {"tokens": plain, "places": np.ones(plain.shape, np.float32)}, "talk": before | said}


Requests = list[tuple[str, Exchange]]


def requests(seed: int, count: int, kept_out: bool = False, shares: Mapping[str, int] = errands.SHARES) -> Requests:
    """`count` different requests in the mix of `shares`; `kept_out` ones are never among the others."""
    rng, seen = Random(f"errands-{seed}-{kept_out}"), Counter[str]()
    made: Requests = []
    while len(made) < count:
        kind = rng.choices(list(shares), list(shares.values()))[0]
        one = pairs.make(rng, kind)
        key = normal(one.request)
        if held_out(one.request) == kept_out and seen[key] == 0:
            seen[key] += 1
            made.append((kind, one))
    return made


def example(form: ChatForm, kind: str, exchange: Exchange) -> Example:
    """One request and its reply, without a system text."""
    made = form.exchange(exchange)
    if kind == "talk":
        last = [i for i, flag in enumerate(made.learned) if flag][TALK_LEARNED:]
        for i in last:
            made.learned[i] = 0
    return made


def short(form: ChatForm, kind: str, exchange: Exchange) -> Example:
    """The same up to the end of the only call, or of what is learned of talk: what follows is known by then."""
    made = example(form, kind, exchange)
    if len(exchange.calls) > 1:
        return made
    end = made.tokens.index(form.ids[GO]) if exchange.calls else max(i for i, flag in enumerate(made.learned) if flag)
    return Example(made.tokens[: end + 1], made.learned[: end + 1])


def systems(rng: Random, count: int) -> list[str]:
    """What the machine may say before a request: that these devices are mounted, all of them or most, in some order."""
    core = [name for name in HELP if name != "page"]
    made = [_listing(core)]
    while len(made) < count:
        names = rng.sample(core, rng.choice([7, 7, 6])) if rng.random() < 0.7 else list(HELP)
        made.append(_listing(names))
    return made


def _listing(names: list[str]) -> str:
    return "\n".join(["These devices are mounted:", *(f"- {name}: {HELP[name]}" for name in names)])


def build(form: ChatForm, vocab: int, seed: int, count: int, time: int, batch: int, held: Held | None) -> TrapRows:
    """Everything a run trains on, the same for the same arguments. `held`: for an adapter that knows the form by now, so that
    of three requests in four only the call is read and learned, in another mix; what a search brought is always read out."""
    made, rng = requests(seed, count, shares=errands.FURTHER if held else errands.SHARES), Random(seed)
    cut = [bool(held) and rng.random() < 0.75 and kind != "search" for kind, _ in made]
    rows = pack(((short if brief else example)(form, *one) for brief, one in zip(cut, made, strict=True)), time)
    order = np.random.default_rng(seed).permutation(len(rows.tokens))
    rows = Rows(rows.tokens[order], rows.targets[order], rows.segments[order], rows.weights[order])
    told = systems(Random(seed), 4)
    prefixes = [form.opening(""), *(form.opening(text) for text in told), form.opening("")]
    used = np.unique(np.concatenate([rows.targets[rows.weights > 0], np.arange(min(OFTEN, vocab))]))
    most = int((rows.weights > 0).sum(1).max())
    return TrapRows(rows, tuple(map(tuple, prefixes)), used.astype(np.int32), most, batch, held)
