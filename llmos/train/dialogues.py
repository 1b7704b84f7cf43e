"""The data that teaches an assistant, made openly: seeded dialogues in a fixed mix, none twice, the held-out ones apart.

Knows: the kinds of dialogue and their shares. Does not know: tokens (`chatform`), real devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from . import dates, lexicon, storage, sums, talk, world
from .dialogue import Call, Dialogue, Exchange, Maker, Say, held_out

SHARES = {"sums": 29, "dates": 20, "storage": 23, "talk": 25, "two": 3}
"""How many of a hundred last exchanges are of each kind."""

DEVICES = {
    "calc": "exact sums, such as calc 37*48",
    "clock": "the date and time, such as clock add 30 days to 2026-01-31",
    "files": "your files, such as files cat notes.txt",
    "search": "finds texts on the disk, such as search page fault",
    "python": "runs a short program, such as python print(2)",
}
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
    "talk": talk.MAKERS,
    "two": ((1, two_calls),),
}


def dialogues(seed: int, count: int, kept_out: bool = False) -> list[Dialogue]:
    """`count` dialogues, no two with the same requests: for training, or (`kept_out`) from the held-out wordings only.

    Raises ValueError when the generator runs dry of new ones.
    """
    found: dict[str, Dialogue] = {}
    source = stream(seed, kept_out)
    for _ in range(60 * count + 1000):
        if len(found) == count:
            return list(found.values())
        made = next(source)
        found.setdefault(made.requests, made)
    raise ValueError(f"only {len(found)} different dialogues of {count} wanted")


def stream(seed: int, kept_out: bool) -> Iterator[Dialogue]:
    """Dialogues without end; every exchange of each is on the asked side of the held-out line."""
    rng = Random(f"dialogues-{seed}-{kept_out}")
    while True:
        before = rng.choices([0, 1, 2, 3], [74, 16, 7, 3])[0]
        pairs = [exchange(rng, kept_out) for _ in range(before + 1)]
        yield Dialogue(pairs[-1][0], tuple(made for _, made in pairs), system(rng))


def exchange(rng: Random, kept_out: bool) -> tuple[str, Exchange]:
    """(kind, exchange) on the asked side of the held-out line. Of themes only 1 in 20 wordings is held out: patience."""
    kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
    while True:
        made = one(rng, MAKERS[kind])
        if held_out(made.request) == kept_out:
            return kind, made


def system(rng: Random) -> str:
    """Mostly none; sometimes a persona, a list of devices, or words that have nothing to do with the request."""
    chance = rng.random()
    if chance < 0.72:
        return ""
    lines = [rng.choice(PERSONAS)]
    if chance > 0.9:
        names = rng.sample(list(DEVICES), rng.randint(1, 3))
        lines.append(
            rng.choice(["You can call:", "Devices:", "These devices are mounted:", "To call a device, emit a trap."])
        )
        lines += [f"{name}: {DEVICES[name]}" for name in names]
    elif chance > 0.88:
        lines.append(rng.choice(tuple(world.terms().values())))
    return rng.choice(["\n", " "]).join(lines)
