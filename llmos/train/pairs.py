"""Requests that need two devices in turn, the second call made of the first one's result.

Knows: the wordings under `two` in errands.toml. Does not know: requests for one device (`errands`), tokens.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from . import errands, invention, lexicon, problems
from .dialogue import Call, Exchange, Say
from .errands import Bench, Maker, about, clock, dates, furnish, somebody, storage, sums
from .phrasing import filled, untidy
from .wording import table


def make(rng: Random, kind: str) -> Exchange:
    """One request of a kind, with everything that follows."""
    now = datetime(2024, 1, 1) + timedelta(minutes=rng.randrange(4 * 365 * 1440))
    with tempfile.TemporaryDirectory() as home:
        return MAKERS[kind](rng, Bench(now, Path(home)))


def both(rng: Random, bench: Bench) -> Exchange:
    """Two questions in one request, answered one after the other."""
    a, b = sums(rng, bench), clock(rng, bench)
    request = f"{a.request.rstrip('?. =')} {rng.choice(['and', 'and also', 'and then'])} {b.request[:1].lower()}{b.request[1:]}"
    return Exchange(request, (*a.calls, *b.calls, Say(f"{a.answer} {b.answer}")))


def fetched(rng: Random, bench: Bench) -> Exchange:
    """A number from a file, then a sum with it."""
    path, n, k = lexicon.path(rng), rng.randint(3, 900), rng.randint(2, 40)
    words, op = rng.choice([("double", "*2"), ("add {k} to", "+{k}"), ("multiply by {k}", "*{k}"), ("half of", "/2")])
    (bench.home / path).parent.mkdir(parents=True, exist_ok=True)
    (bench.home / path).write_text(f"{n}\n")
    form = rng.choice(
        ["{w} the number in {p}", "read {p} and {w} the number in it", "what is the number in {p}, {w} it"]
    )
    request = form.format(w=words.format(k=k), p="{path}")
    calls = (bench.call("files", f"cat {path}"), bench.call("calc", f"{n}{op.format(k=k)}"))
    return Exchange(untidy(rng, request, {"path": path}), (*calls, Say(f"The answer is {about(calls[1].result)}.")))


def saved(rng: Random, bench: Bench) -> Exchange:
    """A sum, its result kept in a file or sent to somebody."""
    first = sums(rng, bench)
    slots = storage(rng) | {"name": somebody(rng), "sum": first.request.rstrip("?. ="), "r": first.calls[0].result}
    request, (args,) = _worded(rng, rng.choice(["save", "save", "send"]), slots)
    return _kept(bench, request, first.calls[0], filled(args, slots))


def told(rng: Random, bench: Bench) -> Exchange:
    """The time, the date or a file's words, kept or sent."""
    kind, slots = rng.choice(["date", "copy"]), storage(rng) | {"name": somebody(rng)}
    request, (asked, args) = _worded(rng, kind, slots)
    if kind == "copy":
        furnish(rng, bench, slots, "read")
    first = bench.call("clock" if kind == "date" else "files", filled(asked, slots))
    return _kept(bench, request, first, filled(args, slots | {"r": first.result}))


def found(rng: Random, bench: Bench) -> Exchange:
    """Something from the disk, kept or sent."""
    thing = invention.invent(rng)
    slots = storage(rng) | {"name": somebody(rng), "topic": thing.topic, "question": thing.question}
    request, (args,) = _worded(rng, "found", slots)
    first = Call("search", thing.topic, f"[{thing.title}#1 of 1] {thing.text}")
    return _kept(bench, request, first, filled(args, slots | {"answer": thing.answer}), thing.answer)


def started(rng: Random, bench: Bench) -> Exchange:
    """A program is started and somebody is told."""
    app = rng.choice(table("errands.toml")["spawn"]["apps"])
    slots = {"name": somebody(rng), "app": app, "message": invention.message(rng)}
    request, (args,) = _worded(rng, "started", slots)
    return _kept(bench, request, Call("spawn", app, f"started {app}"), filled(args, slots))


def summed(rng: Random, bench: Bench) -> Exchange:
    """The numbers in a file and what they come to."""
    numbers = [str(rng.randint(2, 99)) for _ in range(rng.randint(2, 5))]
    slots = {"path": lexicon.path(rng)}
    _write(bench, slots["path"], rng.choice(["\n", " ", ", "]).join(numbers))
    request, (how,) = _worded(rng, "summed", slots)
    wanted = f"mean({', '.join(numbers)})" if how == "mean" else "+".join(numbers)
    calls = bench.call("files", f"cat {slots['path']}"), bench.call("calc", wanted)
    return Exchange(request, (*calls, Say(f"That makes {about(calls[1].result)}.")))


def since(rng: Random, bench: Bench) -> Exchange:
    """So many days, and a sum with them."""
    slots = dates(rng) | {"k": str(rng.randint(2, 60))}
    request, (asked, more) = _worded(rng, "since", slots)
    days = bench.call("clock", filled(asked, slots))
    total = bench.call("calc", filled(days.result + more, slots))
    return Exchange(request, (days, total, Say(f"That is {days.result} days, which makes {about(total.result)}.")))


def later(rng: Random, bench: Bench) -> Exchange:
    """Two questions to the clock."""
    slots = dates(rng)
    request, asked = _worded(rng, "later", slots)
    calls = [bench.call("clock", filled(args, slots)) for args in asked]
    return Exchange(request, (*calls, Say(f"It is {calls[0].result}, then {calls[1].result}.")))


def listed(rng: Random, bench: Bench) -> Exchange:
    """The list of files, and one of them by what it is about."""
    stems = rng.sample(lexicon.words("stems"), rng.randint(2, 4))
    for stem in stems:
        _write(bench, f"{stem}.{rng.choice(lexicon.words('endings'))}", invention.text(rng))
    slots = {"stem": stems[0]}
    request, _ = _worded(rng, "listed", slots)
    listing = bench.call("files", "ls")
    path = next(path.name for path in sorted(bench.home.iterdir()) if path.stem == stems[0])
    shown = bench.call("files", f"cat {path}")
    return Exchange(request, (listing, shown, Say(f"It says: {shown.result}")))


def person(rng: Random, bench: Bench) -> Exchange:
    """A message to whoever is named in a file."""
    message, name = invention.message(rng), somebody(rng)
    slots = {"path": lexicon.path(rng), "quotedm": rng.choice(['"{}"', "'{}'"]).format(message)}
    _write(bench, slots["path"], name)
    request, _ = _worded(rng, "person", slots)
    return _kept(bench, request, bench.call("files", f"cat {slots['path']}"), f"{name} {message}")


KINDS = (both, fetched, saved, saved, told, told, found, found, started, summed, since, later, listed, person)


def two(rng: Random, bench: Bench) -> Exchange:
    """One of the above."""
    return rng.choice(KINDS)(rng, bench)


MAKERS: dict[str, Maker] = errands.MAKERS | {"two": two}


def _worded(rng: Random, kind: str, slots: dict[str, str]) -> tuple[str, list[str]]:
    """The request, and the arguments of its calls as the line has them. Slots "day1:iso" are the device's own form."""
    template, *calls = rng.choice(table("errands.toml")["two"][kind]).split(" => ")
    asked = {name: value for name, value in slots.items() if ":" not in name}
    exact = {name.partition(":")[0]: value for name, value in slots.items() if ":" in name}
    return untidy(rng, problems.choose(rng, template)[0], asked), [filled(call, exact) for call in calls]


def _kept(bench: Bench, request: str, first: Call, args: str, result: str = "") -> Exchange:
    """The second call: `write FILE ...` or `append FILE ...` for the files device, else a message `NAME ...`."""
    stores = args.startswith(("write ", "append "))
    second = bench.call("files", args) if stores else Call("send", args, "sent")
    done = f"Saved in {args.split()[1]}." if stores else f"Sent to {args.split()[0]}."
    return Exchange(request, (first, second, Say(f"Done: {(result or first.result).rstrip('.')}. {done}")))


def _write(bench: Bench, path: str, text: str) -> None:
    (bench.home / path).parent.mkdir(parents=True, exist_ok=True)
    (bench.home / path).write_text(text + "\n")
