"""Belady's string, then a string of page references recorded from the attention of this lesson's CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmos.labs.paging import make_policy, replay
from llmos.lessons.lab import Lab

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


def record(lab: Lab) -> tuple[list[int], int]:
    """Page references of the last tokens of a thought: every page above the threshold, in each tick, in order."""
    words = TEXT.split(". ")
    lab.rng.shuffle(words)
    machine = lab.machine(init=("batch", (". ".join(words), 0, TICKS, 800, 0, lab.seed & 0xFFFF)))
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
