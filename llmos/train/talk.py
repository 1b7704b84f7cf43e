"""Dialogues that need no device: greetings, definitions, copying, and owning up to not knowing.

Knows: ways to ask about the world of `world`, and frames for questions outside it. Does not know: devices.
"""

from __future__ import annotations

from random import Random

from . import lexicon, world
from .dialogue import Exchange, Maker, Say, ask

DEFINE = (
    "[what is {t}|what's {t}|explain {t}|define {t}|what does {t} mean|tell me about {t}|what is meant by {t}|describe {t}|what do you know about {t}|"
    "can you explain {t}|what is {t} here|what is {t} in llmos|explain what {t} is|do you know what {t} is|tell me what {t} is|what is {t} for|"
    "i want to know what {t} is|what would you call {t}|give me a definition of {t}|what on earth is {t}|{t}|meaning of {t}|and {t}|how would you define {t}][?|?|]"
)
OUTSIDE = (
    "[who is {n}|who was {n} {m}|where is {m}|what is the capital of {m}|how old is {n}|when did {n} live|why is the {w} {v}|who wrote {w} and {v}|"
    "tell me a story about a {w}|write a poem about {w}|write a program for {w}|how do i cook {w}|what is the weather in {m}|translate {w} to {m}|who won the {w} game|"
    "what is the best {w}|do you like {w}|what is your favourite {w}|how far is {m}|which {w} is {v}|how do i fix my {w}|recommend a {w}|who invented the {w}|"
    "sing me a song about {w}|what colour is a {w}|how many {w} are there in {m}|what is a {m}|what is {m}|explain {m}|can you draw a {w}|how much does a {w} cost|"
    "what should i eat|what happened in {m}|why do {w} {v}|who is the king of {m}|is {n} my friend|what is the meaning of life|where did {n} go|"
    "when was {m} founded|what language do they speak in {m}|how tall is {n}|name a famous {w}|summarise {w} {v}|what is love|book a {w} for {n}][?|?|]"
)


def theme(rng: Random) -> Exchange:
    pattern, answer = rng.choice(world.THEMES)
    return Exchange(ask(rng, pattern), (Say(answer),))


def named(rng: Random, term: str) -> str:
    """A term as it stands in a question: with an article or in the plural where that can be."""
    if term[0].isupper() or term in ("calc", "init"):
        return rng.choice([term, term, f"the {term}", term.lower()])
    article = "an" if term[0] in "aeiou" else "a"
    return rng.choice([term, f"{article} {term}", f"{article} {term}", f"the {term}", f'"{term}"'])


def definition(rng: Random) -> Exchange:
    term = rng.choice(tuple(world.TERMS))
    return Exchange(ask(rng, DEFINE, t=named(rng, term)), (Say(world.TERMS[term]),))


def comparison(rng: Random) -> Exchange:
    """Two terms: both definitions, one after the other."""
    a, b = rng.sample(tuple(world.TERMS), 2)
    pattern = "[what is the difference between {a} and {b}|how does {a} differ from {b}|compare {a} and {b}|{a} or {b}|{a} versus {b}|{a} and {b}, what is the difference|explain {a} and {b}|what are {a} and {b}][?|]"
    request = ask(rng, pattern, a=named(rng, a), b=named(rng, b))
    return Exchange(request, (Say(f"{world.TERMS[a]} {world.TERMS[b]}"),))


def copying(rng: Random) -> Exchange:
    text = lexicon.phrase(rng, 8)
    if rng.random() < 0.3:
        text += rng.choice([".", "!", "?", f" {lexicon.number(rng)}", f" {lexicon.number(rng, 8)}", " (" + lexicon.word(rng) + ")"])
    pattern = "[say|repeat|repeat after me|copy|echo|write|print|say the words|please repeat|repeat this|copy this|say this|type|answer with|reply with][:||] {q}{t}{q}"
    return Exchange(ask(rng, pattern, t=text, q=rng.choice(["", "", '"', "'"])), (Say(text),))


def outside(rng: Random) -> Exchange:
    values = {
        "n": rng.choice(lexicon.NAMES) if rng.random() < 0.6 else lexicon.made_up(rng).capitalize(),
        "m": lexicon.made_up(rng).capitalize() if rng.random() < 0.7 else rng.choice(PLACES),
        "w": lexicon.word(rng).lower(),
        "v": lexicon.word(rng).lower(),
    }
    return Exchange(ask(rng, OUTSIDE, **values), (Say(world.UNKNOWN),))


PLACES = "France Spain Paris London Berlin Rome Japan Tokyo China Peru Egypt Cairo Norway Oslo Kenya Brazil Lima Vienna Canada Mars".split()

MAKERS: tuple[tuple[int, Maker], ...] = ((5, theme), (8, definition), (2, comparison), (4, copying), (5, outside))
