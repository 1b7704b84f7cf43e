"""Requests as the larger model meets them, answered in nano's own words: more ways to ask for what it can do already.

Knows: which errands lie in nano's world (sums with one or two signs, dates, files, search), and how nano says a result. Does
not know: the wordings (`errands`, `problems`) or how dialogues are mixed (`dialogues`).
"""

from __future__ import annotations

import re
from random import Random

from . import lookups, pairs, phrasing, world
from .dialogue import Call, Exchange, Maker, Say
from .sums import failed

KINDS = {"sums": 5, "clock": 4, "files": 5, "search": 2}
LONGEST = 300  # characters of what a device brought
VERBS = ("ls", "cat", "write", "append")  # of the files device


def chore(rng: Random) -> Exchange:
    """One request, its call and its true result, and nano's sentence for it."""
    while True:
        one = pairs.make(rng, rng.choices(list(KINDS), list(KINDS.values()))[0])
        call = one.calls[0]
        if len(one.calls) == 1 and fits(one.request, call):
            return Exchange(one.request, (call, said(call)))


def fits(request: str, call: Call) -> bool:
    """Is it in nano's world? A line, a short result; of sums those that name their numbers and take two steps at most."""
    if "\n" in request or len(request) > 120 or len(call.result) > LONGEST:
        return False
    if call.device == "files":
        return call.args.split(" ")[0] in VERBS
    signs = len(re.findall(r"[-+*/^%(]| mod ", call.args.lstrip("-")))
    return call.device != "calc" or signs <= 2


def said(call: Call) -> Say:
    """As the other makers of nano's dialogues say it."""
    result, args = call.result, call.args.split(" ")
    if result.startswith("error"):
        return failed(result)
    if call.device == "calc":
        return Say(f"The answer is {result.replace('≈', 'about ')}.")
    if call.device == "clock":
        return Say(_of_clock(args, result))
    if call.device == "search":
        found = re.sub(r"^\[[^\]]*\] ", "", result)
        first = lookups.first_sentence(found)
        return Say(f"I found nothing about {call.args}." if result == "nothing found" else f"I found:\n{first}")
    if args[0] == "ls":
        names = [line.split(" ")[0] for line in result.splitlines()]
        return Say("There are no files." if result == "empty" else f"I see {', '.join(names)}.")
    if args[0] == "cat":
        return Say("The file is empty." if result == "empty" else f"The file says:\n{result}")
    return Say(f"{'Saved in' if args[0] == 'write' else 'Added to'} {args[1]}.")


def _of_clock(args: list[str], result: str) -> str:
    if args[0] == "days":
        return f"That is {result} days."
    if args[0] == "add":
        return f"That is {result}."
    if args[0] == "weekday" and len(args) > 1 and args[1] != "today":
        near = {"tomorrow": "Tomorrow is", "yesterday": "Yesterday was"}.get(args[1], f"{args[1]} is a")
        return f"{near} {result}."
    return f"Today is {result}." if args[0] == "date" else f"It is {result}."


def elsewhere(rng: Random) -> Exchange:
    """What lies outside nano's world, which it is to own up to."""
    return Exchange(phrasing.remark(rng, rng.choice(["prose", "opinion", "knowledge"])), (Say(world.unknown()),))


MAKERS: tuple[tuple[int, Maker], ...] = ((5, chore), (1, elsewhere))
