"""Requests for one device or for none, each with its calls, real results and answer: what an adapter learns from.

Knows: the wordings in errands.toml, replies.toml and problems.toml, and how slots are filled. Results come from the real
devices (`Bench`). Does not know: tokens (`chatform`), how examples become rows (`trapdata`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from llmos.devices.base import Context, DeviceError
from llmos.devices.calc import Calculator
from llmos.devices.clock import Clock
from llmos.devices.files import Files
from llmos.devices.python import Python

from . import articles, invention, lexicon, problems
from .dates import shown as shown_date
from .dialogue import Call, Exchange, Say
from .phrasing import filled, untidy, worded
from .wording import table

SHARES = {"sums": 34, "clock": 14, "files": 13, "search": 10, "python": 8, "send": 4, "spawn": 3, "talk": 16, "two": 7}
"""How many of a hundred requests are of each kind."""

FURTHER = {"sums": 36, "clock": 7, "files": 12, "search": 17, "python": 5, "send": 6, "spawn": 3, "talk": 4, "two": 10}
"""The same of a run that goes on: more of what the first left weak."""


class Bench:
    """The real devices of one request: a clock that is pinned and a home folder of its own."""

    def __init__(self, now: datetime, home: Path) -> None:
        self.home = home
        self._context = Context(now=lambda: now)
        self._devices: dict[str, Any] = {
            "calc": Calculator(), "clock": Clock(), "files": Files(home), "python": Python(),
        }  # fmt: skip

    def call(self, device: str, args: str) -> Call:
        """Run one call; an error is a result that begins with "error:"."""
        try:
            return Call(device, args, self._devices[device].call(args, self._context).text)
        except DeviceError as error:
            return Call(device, args, f"error: {error}")


Maker = Callable[[Random, Bench], Exchange]


def sums(rng: Random, bench: Bench) -> Exchange:
    problem = problems.draw(rng)
    call = bench.call("calc", problem.expression)
    while call.result.startswith("error") or (call.result.startswith("-") and problem.kind not in ("plain", "powers")):
        problem = problems.draw(rng)
        call = bench.call("calc", problem.expression)
    said = rng.choice(["The answer is {}.", "That is {}.", "It is {}.", "That makes {}.", "The result is {}."])
    return Exchange(untidy(rng, problem.request), (call, Say(said.format(about(call.result)))))


def clock(rng: Random, bench: Bench) -> Exchange:
    if rng.random() < 0.08:
        return holiday(rng, bench)
    request, args = worded(rng, table("errands.toml")["clock"]["lines"], dates(rng))
    call = bench.call("clock", args)
    said = rng.choice(["It is {}.", "That is {}.", "The answer is {}."])
    if args.startswith("days from"):
        said = rng.choice(["That is {} days.", "It is {} days."])
    return Exchange(request, (call, Say(said.format(call.result))))


def holiday(rng: Random, bench: Bench) -> Exchange:
    """A day of this year: first what year it is, then the days until then."""
    name, _, day = rng.choice(table("errands.toml")["two"]["holidays"]).partition("=")
    form = rng.choice(
        ["how many days until {}", "how long till {}", "days to {}", "how far off is {}", "what day is {}"]
    )
    today = bench.call("clock", "date")
    when = f"{today.result[:4]}-{day}"
    asked = f"weekday {when}" if form.startswith("what day") else f"days from today to {when}"
    call = bench.call("clock", asked)
    said = f"It is a {call.result}." if form.startswith("what day") else f"That is {call.result} days."
    return Exchange(untidy(rng, form.format(name)), (today, call, Say(said)))


def files(rng: Random, bench: Bench) -> Exchange:
    kind = rng.choices(["read", "list", "write", "append", "exists", "count", "find"], [6, 2, 4, 3, 1, 1, 3])[0]
    if kind in ("exists", "count", "find"):
        return home(rng, bench, kind)
    slots = storage(rng)
    request, args = worded(rng, table("errands.toml")["files"][kind], slots)
    if rng.random() > (0.12 if kind == "read" else 0.06):
        furnish(rng, bench, slots, kind)
    call = bench.call("files", args)
    if call.result.startswith("error"):
        return Exchange(request, (call, Say(f"That did not work: {call.result.removeprefix('error: ')}.")))
    said = {
        "read": f"It says: {call.result}",
        "list": "There are no files." if call.result == "empty" else f"I see {', '.join(_names(call.result))}.",
        "write": f"Done, saved in {slots['file']}.",
        "append": f"Done, added to {slots['file']}.",
    }
    return Exchange(request, (call, Say(said[kind])))


def home(rng: Random, bench: Bench, kind: str) -> Exchange:
    """Questions about the home folder as a whole: is a file there, how many are there, which one mentions a word."""
    paths = list(dict.fromkeys(lexicon.path(rng).split("/")[-1] for _ in range(rng.randint(1, 5))))
    for path in paths:
        (bench.home / path).write_text(invention.text(rng) + "\n")
    slots = storage(rng) | {"file": rng.choice(paths) if rng.random() < 0.6 else lexicon.path(rng).split("/")[-1]}
    inside = (bench.home / rng.choice(paths)).read_text().split()
    slots["word"] = rng.choice(inside if rng.random() < 0.8 else [lexicon.word(rng)]).strip(",.")
    request, args = worded(rng, table("errands.toml")["files"][kind], slots)
    call = bench.call("files", args)
    said = {
        "exists": f"Yes, {slots['file']} is there." if slots["file"] in paths else f"No, there is no {slots['file']}.",
        "count": f"There are {len(paths)} files." if len(paths) > 1 else "There is 1 file.",
        "find": f"I found this: {call.result}" if ":" in call.result else f"No file mentions {slots['word']}.",
    }
    return Exchange(request, (call, Say(said[kind])))


def search(rng: Random, bench: Bench) -> Exchange:
    if rng.random() < 0.6:
        return looked_up(rng)
    thing = invention.invent(rng)
    slots = {"topic": thing.topic, "question": thing.question}
    request, args = worded(rng, table("errands.toml")["search"]["lines"], slots)
    if rng.random() < 0.08:
        return Exchange(request, (Call("search", args, "nothing found"), Say(f"I found nothing about {args}.")))
    others = [invention.invent(rng) for _ in range(rng.choice([0, 0, 0, 1]))]
    found = [f"[{one.title}#1 of 1] {one.text}" for one in (thing, *others)]
    said = thing.answer if thing.question in request.lower() or rng.random() < 0.5 else thing.text
    return Exchange(request, (Call("search", args, "\n\n".join(found)), Say(said)))


def looked_up(rng: Random) -> Exchange:
    """A question to an article: the answer is one of its sentences, or how it begins where nothing in it was asked for."""
    one = articles.lookup(rng)
    request, args = worded(
        rng, table("errands.toml")["search"]["lines"], {"topic": one.topic, "question": one.question}
    )
    said = one.answer if one.question in request else one.text
    return Exchange(request, (Call("search", args, one.result), Say(said)))


def python(rng: Random, bench: Bench) -> Exchange:
    while True:
        request, args = worded(rng, table("errands.toml")["python"]["lines"], _code(rng))
        call = bench.call("python", args)
        if not call.result.startswith("error") and len(call.result) < 160:
            return Exchange(
                request, (call, Say(f"{rng.choice(['The output is', 'It prints', 'The result is'])}: {call.result}"))
            )


def send(rng: Random, bench: Bench) -> Exchange:
    slots = {"name": somebody(rng), "message": invention.message(rng)}
    slots["quotedm"] = rng.choice(['"{}"', "'{}'", "{}"]).format(slots["message"])
    slots |= {part: rng.choice(table("errands.toml")["send"][f"{part}s"]) for part in ("kin", "job")}
    request, args = worded(rng, table("errands.toml")["send"]["lines"], slots)
    name = args.split()[0]
    result = rng.choice([f"sent to {name}", "sent", "ok", f"delivered to {name}"])
    return Exchange(request, (Call("send", args, result), Say(f"Done, I sent that to {name}.")))


def spawn(rng: Random, bench: Bench) -> Exchange:
    app = rng.choice(table("errands.toml")["spawn"]["apps"]) if rng.random() < 0.8 else lexicon.made_up(rng)
    slots = {"app": app, "arg": rng.choice([lexicon.path(rng), str(rng.randint(1, 99)), lexicon.word(rng)])}
    slots["words"] = rng.choice([lexicon.phrase(rng, 4), invention.message(rng)])
    request, args = worded(rng, table("errands.toml")["spawn"]["lines"], slots)
    pid = rng.randint(2, 60)
    result = rng.choice([f"started {app}, pid {pid}", f"pid {pid}", f"started {app}", "ok"])
    return Exchange(request, (Call("spawn", args, result), Say(f"Started {app}.")))


def talk(rng: Random, bench: Bench) -> Exchange:
    lines = table("replies.toml")
    x, y = rng.choice(lines["x"]).split("=")
    u, v = rng.choice(lines["u"]).split("=")
    return Exchange(*_talked(rng, rng.choice(lines["talk"]), {"x": x, "y": y, "u": u, "v": v}))


MAKERS: dict[str, Maker] = {
    "sums": sums, "clock": clock, "files": files, "search": search, "python": python, "send": send, "spawn": spawn,
    "talk": talk,
}  # fmt: skip


# -- words ------------------------------------------------------------------------------------------------------------


def _talked(rng: Random, line: str, slots: dict[str, str]) -> tuple[str, tuple[Say, ...]]:
    request, _, answer = line.partition(" => ")
    return untidy(rng, problems.choose(rng, request)[0], slots), (Say(filled(answer, slots)),)


def about(result: str) -> str:
    return result.replace("≈", "about ")


def _names(listing: str) -> list[str]:
    return [line.split(" ")[0] for line in listing.splitlines()]


def somebody(rng: Random) -> str:
    name = rng.choice(lexicon.words("names")) if rng.random() < 0.7 else lexicon.made_up(rng).capitalize()
    return name if rng.random() < 0.6 else name.lower()


def dates(rng: Random) -> dict[str, str]:
    a = date(rng.choice([rng.randint(1900, 2030), 2024, 2025, 2026]), 1, 1) + timedelta(days=rng.randrange(365))
    b = a + timedelta(days=rng.choice([rng.randint(2, 60), rng.randint(2, 700)]))
    numbers = {"n": rng.choice([7, 10, 14, 30, 45, 60, 90, 100, rng.randint(2, 999)]), "w": rng.randint(2, 20)}
    slots = {name: str(number) for name, number in (numbers | {"m": rng.randint(2, 18)}).items()}
    slots |= {"day1": shown_date(rng, a), "day2": shown_date(rng, b), "name": somebody(rng)}
    return slots | {"day1:iso": a.isoformat(), "day2:iso": b.isoformat()}


def storage(rng: Random) -> dict[str, str]:
    text = invention.text(rng)
    fact = filled(rng.choice(table("errands.toml")["files"]["facts"]), {"name": somebody(rng)})
    slots = {"file": lexicon.path(rng), "file2": lexicon.path(rng), "folder": rng.choice(lexicon.words("folders"))}
    return slots | {"text": text, "quoted": rng.choice(['"{}"', "'{}'", "{}", "{}"]).format(text), "fact": fact}


def furnish(rng: Random, bench: Bench, slots: dict[str, str], kind: str) -> None:
    """Put into the home folder what the request is about, and a few other files."""
    paths = [lexicon.path(rng) for _ in range(rng.randint(0, 4))] if kind == "list" else []
    paths += [f"{slots['folder']}/{lexicon.path(rng).split('/')[-1]}"] if kind == "list" else [slots["file"]]
    for path in paths if kind != "write" else []:
        place = bench.home / path
        if not any(parent.is_file() for parent in place.parents) and not place.is_dir():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text((invention.content(rng, slots["fact"]) if kind == "read" else invention.text(rng)) + "\n")


def _code(rng: Random) -> dict[str, str]:
    numbers = [rng.randint(1, 99) for _ in range(rng.randint(3, 6))]
    words = rng.sample(lexicon.words("words"), rng.randint(3, 5))
    text = " ".join(words)
    return {
        "code": rng.choice(table("errands.toml")["python"]["code"]),
        "list": rng.choice([", ", " "]).join(map(str, numbers)), "pylist": str(numbers),
        "words": ", ".join(words), "pywords": str(words), "word": rng.choice([lexicon.word(rng).lower(), "banana", "level"]),
        "letter": rng.choice("aeiourst"), "k": str(rng.randint(3, 12)),
        "i": str(rng.randint(1, 6)), "j": str(rng.randint(7, 20)), "big": str(rng.randint(12, 120)), "text": text,
        "quotedt": f'"{text}"', "expr": f"{rng.randint(2, 99)} ** {rng.randint(2, 9)} % {rng.randint(3, 99)}",
    }  # fmt: skip
