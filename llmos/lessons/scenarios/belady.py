"""Belady's string, then a string of page references recorded from the attention of this lesson's CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from llmos.labs.paging import make_policy, replay
from llmos.lessons.lab import Lab
from llmos.machine import Machine

TEXTBOOK = (1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5)
SMALL, LARGE = 3, 4
POLICIES = ("fifo", "lru", "clock", "lfu", "mru", "opt")
TICKS, THRESHOLD = 48, 0.08
TEXT = (
    "A process is a running program. A page is sixteen tokens of it. A frame is one slot of the KV pool. The scheduler decides "
    "which process gets a lane next. A trap is a special token by which the model calls the kernel. Attention lets each token "
    "look at earlier tokens and take what it needs from them. The disk keeps pages that were swapped out. "
)


def play(lab: Lab) -> Iterator[str]:
    rename = dict(zip(range(1, 6), lab.rng.sample(range(1, 10), 5), strict=True))
    string = [rename[page] for page in TEXTBOOK]
    lab.facts |= {"small": SMALL, "large": LARGE, "count": len(string), "textbook": _line(string)}
    lab.facts["fourth"], lab.choices["victim"] = string[SMALL], tuple(map(str, sorted(string[:SMALL])))
    yield "victim"
    _, victims = replay(make_policy("fifo", SMALL, string), SMALL, string)
    lab.measured["victim"] = next(v for v in victims if v is not None)
    lab.say(f"in the queue stood {_line(string[:SMALL])}; the one at its head goes")
    yield "small"
    lab.measured["small"] = _draw(lab, "fifo", SMALL, string)
    yield "more"
    misses = _draw(lab, "fifo", LARGE, string)
    lab.measured["more"] = _compare(misses, lab.measured["small"])
    lab.say(f"LRU on the same string: {_misses('lru', SMALL, string)} and {_misses('lru', LARGE, string)}")
    yield from _recorded(lab)


def _recorded(lab: Lab) -> Iterator[str]:
    string, pages = record(lab)
    distinct = len(set(string))
    frames = max(2, distinct // 2)
    lab.facts |= {
        "recorded": _line(string),
        "length": len(string),
        "pages": pages,
        "ticks": TICKS,
        "threshold": round(100 * THRESHOLD),
        "frames": frames,
        "distinct": distinct,
    }
    lab.choices["best"] = POLICIES[:-1]
    yield "best"
    misses = {policy: _misses(policy, frames, string) for policy in POLICIES}
    lab.table([("policy", "misses", "hits"), *((p, m, len(string) - m) for p, m in misses.items())])
    if lab.own:
        lab.say(f"{lab.own.name}: {_misses(str(lab.own), frames, string)} misses")
    lab.measured["best"] = min(POLICIES[:-1], key=lambda p: misses[p])
    lab.facts["lru"] = misses["lru"]
    yield "gap"
    lab.measured["gap"] = misses["opt"]
    lab.say(f"LRU looks back, OPT looks ahead: {misses['lru'] - misses['opt']} misses lie between them")
    lab.facts["window"] = max(4, pages // 2)
    yield "answer"
    whole, cut = written(lab), written(lab, window=lab.facts["window"], replacement="lru")
    same = next((i for i, (a, b) in enumerate(zip(whole[1], cut[1], strict=False)) if a != b), len(whole[1]))
    lab.measured["answer"] = "the same words" if same == len(whole[1]) else "other words"
    lab.say(f"with all pages: {whole[0][-160:]!r}")
    lab.say(f"with {lab.facts['window']}: {cut[0][-160:]!r}")
    lab.say(f"the first {same} of {len(whole[1])} tokens are the same")


def record(lab: Lab) -> tuple[list[int], int]:
    """Page references of the last tokens of a thought: every page above the threshold, in each tick, in order."""
    machine = _thinking(lab)
    string: list[int] = []
    pages = 0
    while not machine.kernel.halted:
        events = machine.step()
        for pid in [e[2] for e in events if e[1] == "retire"]:
            process = machine.kernel.processes.get(pid)
            mass = process.mass if process else ()
            pages = max(pages, len(mass))
            string += [page for page, m in enumerate(mass) if m > THRESHOLD * 65535]
    return string, pages


def written(lab: Lab, **options: Any) -> tuple[str, tuple[int, ...]]:
    """The words and ids of the same thought, with these options of the machine."""
    values = [e[4] for e in _thinking(lab, **options).run() if e[1] == "exit" and isinstance(e[4], tuple)]
    return (str(values[0][0]), tuple(values[0][1])) if values else ("", ())


def _thinking(lab: Lab, **options: Any) -> Machine:
    """A machine that is about to read this variant's text and to go on with it."""
    words = TEXT.split(". ")
    Random(lab.seed).shuffle(words)
    return lab.machine(init=("batch", (". ".join(words), 0, TICKS, 800, 0, lab.seed & 0xFFFF)), **options)


def _misses(policy: str, frames: int, string: Sequence[int]) -> int:
    hits, _ = replay(make_policy(policy, frames, string), frames, string)
    return hits.count(False)


def _draw(lab: Lab, policy: str, frames: int, string: Sequence[int]) -> int:
    hits, victims = replay(make_policy(policy, frames, string), frames, string)
    lab.say(f"{'page':<8}" + " ".join(f"{p:>2}" for p in string))
    lab.say(f"{policy + f' ({frames})':<8}" + " ".join(f"{'·' if hit else 'f':>2}" for hit in hits))
    lab.say(f"{'goes':<8}" + " ".join(f"{'' if v is None else v:>2}" for v in victims))
    return hits.count(False)


def _compare(now: int, before: int) -> str:
    return "more" if now > before else "fewer" if now < before else "the same"


def _line(string: Sequence[int]) -> str:
    return " ".join(map(str, string))
