"""The data that teaches an assistant, made openly: seeded dialogues in a fixed mix, none twice, the held-out ones apart.

Knows: the kinds of dialogue and their shares. Does not know: tokens (`chatform`), real devices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random

from . import chores, dates, further, lexicon, lookups, storage, sums, talk
from .dialogue import Call, Dialogue, Exchange, Maker, Say, held_out

SHARES = {"sums": 27, "dates": 17, "storage": 17, "lookups": 6, "talk": 30, "two": 3}
"""How many of a hundred last exchanges are of each kind."""

AIMED = {"sums": 13, "dates": 12, "storage": 13, "lookups": 5, "talk": 18, "copying": 9, "two": 3, "chores": 27}
"""The same of nano's fourth stage, which is to ask in more ways and to copy better."""

DEVICES = {
    "calc": "exact sums, percent and units, such as calc 37*48 or calc 15% of 80 or calc 5 km in miles",
    "clock": "the date and time, such as clock now or clock add 30 days to 2026-01-31",
    "files": "your files, such as files cat notes.txt or files write notes.txt Buy milk",
    "search": "finds texts on the disk, such as search page fault",
    "page": "reads on from a found text, such as page Paging#2",
    "python": "runs a short program, such as python print(2)",
    "plot": "draws numbers, such as plot 3 1 4 1 5 or plot tea=3 milk=5",
    "browser": "reads web pages, such as browser open paging.md or browser follow 2",
}
"""What the machine's system text says of each device: a test holds it to the devices' own words."""

EXACT = {"sums": 18, "dates": 8, "storage": 18, "lookups": 6, "talk": 16, "copying": 9, "two": 7, "chores": 18}
"""The same of the stage after it: more of what was copied badly, and of requests with two calls."""

EVERY = {
    "sums": 16,
    "dates": 7,
    "storage": 16,
    "lookups": 5,
    "talk": 14,
    "copying": 7,
    "two": 5,
    "chores": 16,
    "further": 14,
}
"""The same of the last stage: all core devices."""

REPEATS = 8
"""How often the same short talk may come."""

MOUNTED = ("calc", "clock", "files", "search")
"""What is mounted where nothing else is asked for."""

PERSONAS = (
    "You are nano, the CPU of llmos.",
    "You are a helpful assistant.",
    "You are llmos, a machine whose CPU is a language model.",
    "Answer briefly.",
    "You are a helpful AI assistant named nano, running on llmos.",
    "Be short and exact.",
)


def one(rng: Random, makers: tuple[tuple[int, Maker], ...]) -> Exchange:
    return rng.choices([maker for _, maker in makers], [weight for weight, _ in makers])[0](rng)


def two_calls(rng: Random) -> Exchange:
    """One request that takes two calls: work something out and store it, or two questions at once."""
    if rng.random() < 0.5:
        first = sums.pair(rng)
        path = lexicon.path(rng)
        value = first.calls[0].result
        if value.startswith("error"):
            return first
        store = Call("files", f"write {path} {value}", "ok")
        ending = rng.choice(["and save it in", "and write the result to", "and store it in", "then put it in"])
        request = f"{first.request.rstrip('?. =')} {ending} {path}"
        return Exchange(request, (first.calls[0], store, Say(f"The answer is {value}. Saved in {path}.")))
    a, b = sums.pair(rng), one(rng, dates.MAKERS)
    parts = (*a.reply, Say(" "), *b.reply)
    return Exchange(f"{a.request.rstrip('?. =')} and {b.request[:1].lower()}{b.request[1:]}", parts)


MAKERS: dict[str, tuple[tuple[int, Maker], ...]] = {
    "sums": sums.MAKERS,
    "dates": dates.MAKERS,
    "storage": storage.MAKERS,
    "lookups": lookups.MAKERS,
    "talk": talk.MAKERS,
    "two": ((1, two_calls),),
    "copying": ((1, talk.copying),),
    "chores": chores.MAKERS,
    "further": further.MAKERS,
}


def dialogues(seed: int, count: int, kept_out: bool = False, shares: Mapping[str, int] = SHARES) -> list[Dialogue]:
    """`count` dialogues in the mix of `shares`: for training, or (`kept_out`) from the held-out wordings only.

    No two have the same system text and requests, but for talk: a small world has few ways to say hello, so a
    dialogue that ends in talk may come up to `REPEATS` times. Raises ValueError when the generator runs dry.
    """
    made: list[Dialogue] = []
    seen = Counter[tuple[str, str]]()
    source = stream(seed, kept_out, shares)
    for _ in range(60 * count + 1000):
        if len(made) == count:
            return made
        new = next(source)
        key = new.system, new.requests
        if seen[key] < (REPEATS if new.kind == "talk" else 1):
            seen[key] += 1
            made.append(new)
    raise ValueError(f"only {len(made)} different dialogues of {count} wanted")


def stream(seed: int, kept_out: bool, shares: Mapping[str, int] = SHARES) -> Iterator[Dialogue]:
    """Dialogues without end; every exchange of each is on the asked side of the held-out line."""
    rng = Random(f"dialogues-{seed}-{kept_out}")
    while True:
        said = system(rng)
        before = rng.randint(0, 4) if "mounted" in said else rng.choices([0, 1, 2, 3], [74, 16, 7, 3])[0]
        pairs = [exchange(rng, kept_out, shares) for _ in range(before + 1)]
        yield Dialogue(pairs[-1][0], tuple(made for _, made in pairs), said)


def exchange(rng: Random, kept_out: bool, shares: Mapping[str, int] = SHARES) -> tuple[str, Exchange]:
    """(kind, exchange) on the asked side of the held-out line. Of themes only 1 in 20 wordings is held out: patience."""
    kind = rng.choices(list(shares), list(shares.values()))[0]
    while True:
        made = one(rng, MAKERS[kind])
        if held_out(made.request) == kept_out:
            return kind, made


def system(rng: Random) -> str:
    """None, a persona, or the machine's list of what is mounted: of everything, of some, with a persona before it."""
    chance = rng.random()
    if chance < 0.5:
        return ""
    if chance < 0.6:
        return rng.choice(PERSONAS)
    names = MOUNTED if chance < 0.85 else rng.sample(list(DEVICES), rng.randint(1, len(DEVICES)))
    lines = ["These devices are mounted:", *(f"- {name}: {DEVICES[name]}" for name in names)]
    return "\n".join(lines if chance < 0.95 else [rng.choice(PERSONAS), *lines])
