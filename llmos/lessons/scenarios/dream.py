"""The next token of an unseen page, and a page about nothing, dreamed cold and warm."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from llmos.lessons.lab import Lab
from llmos.lessons.measure import page

NAMES = ("zorp", "flimble", "quandle", "brasko", "tweem")
REFUSALS = ("does not exist", "no such", "don't know", "do not know", "unknown module", "not a module")
SHOWN, LENGTH = 4, 40


def play(lab: Lab) -> Iterator[str]:
    ids = lab.model.tokenizer.encode(page(lab.rng))
    cut = lab.rng.randrange(24, 60)
    words = [_word(lab, i) for i in ids]
    lab.facts |= {"start": " ".join("".join(words[:cut]).split()), "truth": repr(words[cut])}
    shares = _next(lab, ids[:cut])
    top = np.argsort(-shares)[:SHOWN]
    lab.choices["next"] = tuple(sorted(repr(_word(lab, int(i))) for i in top))
    yield "next"
    lab.measured["next"] = repr(_word(lab, int(top[0])))
    lab.table([("token", "percent"), *((repr(_word(lab, int(i))), f"{100 * shares[i]:.1f}") for i in top)])
    yield "sure"
    lab.measured["sure"] = round(100 * float(shares[top[0]]))
    name = lab.rng.choice(NAMES)
    lab.facts["fake"] = f"Module {name}\n\nThe {name} statement is used to".replace("\n\n", " / ")
    fake = f"Module {name}\n\nThe {name} statement is used to"
    yield "stops"
    first = _dream(lab, fake, 0, 1)
    lab.say(first)
    lab.measured["stops"] = "says so" if any(r in first.casefold() for r in REFUSALS) else "writes on"
    yield "twice"
    lab.measured["twice"] = _same(lab, first, _dream(lab, fake, 0, 2))
    yield "hot"
    lab.measured["hot"] = _same(lab, _dream(lab, fake, 900, 1), _dream(lab, fake, 900, 2))


def _word(lab: Lab, token: int) -> str:
    return lab.model.tokenizer.piece(token).decode("utf-8", "replace")


def _next(lab: Lab, ids: list[int]) -> np.ndarray:
    """Probabilities [vocab] of what follows."""
    from llmos.cpu.score import teacher_forced

    logits = list(teacher_forced(lab.model, "float32", ids))[-1][-1].astype(np.float64)
    weights = np.exp(logits - logits.max())
    shares: np.ndarray = weights / weights.sum()
    return shares


def _dream(lab: Lab, text: str, temperature: int, seed: int) -> str:
    machine = lab.machine(init=("batch", (text, 0, LENGTH, temperature, 0, seed)))
    return next((str(e[4][0]) for e in machine.run() if e[1] == "exit" and isinstance(e[4], tuple)), "")


def _same(lab: Lab, one: str, other: str) -> str:
    lab.say(f"1  {one!r}")
    lab.say(f"2  {other!r}")
    return "the same" if one == other else "another"
