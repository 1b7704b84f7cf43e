"""Dialogues that need no device: greetings, definitions, copying, and owning up to not knowing.

Knows: ways to ask about the world of `world`, and frames for questions outside it. Does not know: devices.
"""

from __future__ import annotations

from random import Random

from . import lexicon, world
from .dialogue import Exchange, Maker, Say, ask
from .wording import ways


def theme(rng: Random) -> Exchange:
    pattern, answer = rng.choice(world.themes())
    return Exchange(ask(rng, pattern), (Say(answer),))


def named(rng: Random, term: str) -> str:
    """A term as it stands in a question: with an article or in the plural where that can be."""
    if term[0].isupper() or term in ("calc", "init"):
        return rng.choice([term, term, f"the {term}", term.lower()])
    article = "an" if term[0] in "aeiou" else "a"
    return rng.choice([term, f"{article} {term}", f"{article} {term}", f"the {term}", f'"{term}"'])


def definition(rng: Random) -> Exchange:
    term = rng.choice(tuple(world.terms()))
    return Exchange(ask(rng, ways("talk.define") + "[?|?|]", t=named(rng, term)), (Say(world.terms()[term]),))


def comparison(rng: Random) -> Exchange:
    """Two terms: both definitions, one after the other."""
    a, b = rng.sample(tuple(world.terms()), 2)
    pattern = ways("talk.compare") + "[?|]"
    request = ask(rng, pattern, a=named(rng, a), b=named(rng, b))
    return Exchange(request, (Say(f"{world.terms()[a]} {world.terms()[b]}"),))


def copying(rng: Random) -> Exchange:
    text = lexicon.phrase(rng, 8)
    if rng.random() < 0.3:
        text += rng.choice(
            [".", "!", "?", f" {lexicon.number(rng)}", f" {lexicon.number(rng, 8)}", " (" + lexicon.word(rng) + ")"]
        )
    pattern = ways("talk.copy") + "[:||] {q}{t}{q}"
    return Exchange(ask(rng, pattern, t=text, q=rng.choice(["", "", '"', "'"])), (Say(text),))


def outside(rng: Random) -> Exchange:
    values = {
        "n": rng.choice(lexicon.words("names")) if rng.random() < 0.6 else lexicon.made_up(rng).capitalize(),
        "m": lexicon.made_up(rng).capitalize() if rng.random() < 0.7 else rng.choice(lexicon.words("places")),
        "w": lexicon.word(rng).lower(),
        "v": lexicon.word(rng).lower(),
    }
    return Exchange(ask(rng, ways("talk.outside") + "[?|?|]", **values), (Say(world.unknown()),))


MAKERS: tuple[tuple[int, Maker], ...] = ((8, theme), (8, definition), (2, comparison), (6, copying), (5, outside))
