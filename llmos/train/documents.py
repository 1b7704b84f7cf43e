"""Text to hold a fine-tuned model still on: what a model itself dreams after the beginnings of documents, and replies to talk.

Knows: beginnings of every kind of document, how to draw from a model. Does not know: what is trained, or how far it
moved (`tuning.drift`). No text of anyone else's is needed, and none that we measure on (`evals.kept`) is trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from llmos.cpu.config import Model

from .chorus import Chorus

LANES = 32
BEGINNING = 6.0  # what a reply's first token counts beside the others: most calls that nobody asked for are made there
WARMTH = 0.9  # temperature: at 1 so small a model loses its thread within a row
OPENINGS = (
    "The", "In", "A", "It was", "There are", "When", "My", "We", "He said that", "This is", "Although", "According to",
    "The history of", "The capital of", "The river", "The city of", "The war between", "In the 19th century,",
    "The population of", "Born in 1921,", "The species", "The album", "The film", "The company was founded",
    "Once upon a time", "The old man", "She opened the door", "It was raining", "\"Where have you been?\" asked",
    "The ship", "Long ago, in a village", "Chapter 3\n", "The detective", "He had never", "They walked",
    "The function returns", "The following example shows", "If the argument is", "Changed in version 3:", "An object is",
    "A statement is", "The class", "Raises an error", "To install the", "The operator", "Syntax:\n", "Note that",
    "def ", "import ", "class ", "#include <", "for i in range(", "SELECT ", "{\n  \"name\":", "<html>", "$ ls -l\n",
    "Abstract. We", "In this paper", "The results show", "Cells are", "The theorem", "Let x be", "The experiment",
    "Energy is", "The temperature of", "Plants", "The heart", "DNA", "Light travels", "The planet", "A triangle",
    "How to make", "Ingredients:\n", "Step 1:", "First,", "To begin with,", "You will need", "Tips for", "The best way to",
    "Dear Sir,\n", "Hello everyone,", "I think", "I am writing", "Thank you for", "Yesterday", "Last week", "On Monday",
    "The president", "The government", "The law", "Police said", "The market", "Prices", "A new study", "Scientists have",
    "Question: What", "Q: How", "What is the", "Why do", "Which of the", "1. ", "- ", "Table 1:", "Figure 2 shows", "Total:",
    "The teacher", "Students", "Education", "Children", "The human brain", "Health", "Exercise", "Music", "Art",
    "Customers", "The product", "This book", "The hotel", "Our service", "The license", "You may not", "The terms of",
    "The sun", "Roses", "O ", "Love", "Night", "Dogs", "The forest", "Water", "The mountain", "Birds",
)  # fmt: skip


def openings(model: Model) -> list[list[int]]:
    return [list(model.tokenizer.encode(text)) for text in OPENINGS]


def dreams(
    model: Model,
    starts: Sequence[Sequence[int]],
    rows: int,
    time: int,
    seed: int = 0,
    notify: Callable[[str], None] = print,
) -> NDArray[np.int32]:
    """Drawn continuations of the starts in turn, int32 [rows, time], each row a start and what follows it.

    A control id that is drawn is a new line instead, so that no second turn begins.
    """
    written = np.arange(model.config.vocab, dtype=np.int32)
    written[list(model.tokenizer.control.values())] = model.tokenizer.encode("\n")[0]
    key, made = jax.random.key(seed), list[NDArray[np.int32]]()
    chorus = Chorus(model.config, model.params, LANES, time)
    for first in range(0, rows, LANES):
        some = [starts[i % len(starts)] for i in range(first, first + LANES)]
        made.extend(_drawn(chorus, some, jax.random.fold_in(key, first), written))
        notify(f"{min(first + LANES, rows)} of {rows} texts dreamed")
    return np.array(made[:rows])


class Replies(NamedTuple):
    """What was said and answered, [rows, time]; `places`: what it counts that a token of the reply, or its end, is foreseen."""

    tokens: NDArray[np.int32]
    places: NDArray[np.float32]


def replies(
    model: Model,
    prefix: Sequence[int],
    requests: Sequence[Sequence[int]],
    time: int,
    seed: int = 0,
    notify: Callable[[str], None] = print,
) -> Replies:
    """Drawn replies to requests that follow `prefix`, a row each of at most `time` tokens, without the prefix.

    A reply ends at the first control id that is drawn, a call's beginning too: it is never read, only foreseen.
    """
    ends, key = list(model.tokenizer.control.values()), jax.random.key(seed)
    chorus = Chorus(model.config, model.params, LANES, len(prefix) + time)
    chorus.begin(prefix)
    tokens, places = np.zeros((len(requests), time), np.int32), np.zeros((len(requests), time), np.float32)
    for first in range(0, len(requests), LANES):
        some = [requests[(first + lane) % len(requests)] for lane in range(LANES)]
        drawn, said = _replied(chorus, len(prefix), some, jax.random.fold_in(key, first), ends, time)
        here = slice(first, min(first + LANES, len(requests)))
        tokens[here], places[here] = drawn[: here.stop - first], said[: here.stop - first]
        notify(f"{here.stop} of {len(requests)} replies dreamed")
    return Replies(tokens, places)


def _replied(
    chorus: Chorus, known: int, requests: Sequence[Sequence[int]], key: jax.Array, ends: list[int], time: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Tokens and places of one chorus; after a reply's end the row holds what nobody looks at."""
    rows, places = np.zeros((len(requests), time), np.int32), np.zeros((len(requests), time), np.float32)
    rows[:, 0], going = [request[0] for request in requests], np.ones(len(requests), bool)
    for lane in range(len(requests)):
        chorus.restart(lane, known)
    for at in range(1, time + 1):
        drawn = chorus.feed(rows[:, at - 1], jax.random.fold_in(key, at), WARMTH)
        asked = np.array([at < len(request) for request in requests])
        begins = np.array([at == len(request) for request in requests])
        places[:, at - 1] = np.where(going & ~asked, np.where(begins, BEGINNING, 1.0), 0.0)
        going &= asked | ~np.isin(drawn, ends)
        if at < time:
            told = [request[at] if at < len(request) else 0 for request in requests]
            rows[:, at] = np.where(asked, told, np.where(going, drawn, 0))
    return rows, places


def _drawn(
    chorus: Chorus, starts: Sequence[Sequence[int]], key: jax.Array, written: NDArray[np.int32]
) -> NDArray[np.int32]:
    """A row a start. `written[i]` stands where id i was drawn."""
    rows = np.zeros((len(starts), chorus.time), np.int32)
    rows[:, 0] = [start[0] for start in starts]
    for lane in range(len(starts)):
        chorus.restart(lane, 0)
    for at in range(1, chorus.time):
        drawn = written[chorus.feed(rows[:, at - 1], jax.random.fold_in(key, at), WARMTH)]
        rows[:, at] = [start[at] if at < len(start) else one for start, one in zip(starts, drawn, strict=True)]
    return rows
