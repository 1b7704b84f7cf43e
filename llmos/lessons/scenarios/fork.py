"""One context forked eight times: what the pages cost, what the guesses are worth, and what a checker makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from llmos.lessons.lab import Lab
from llmos.machine import Machine

TRIES, SUMS, EXAMPLES = 8, 12, 14
TEMPERATURE = 1600  # thousandths; at 1000 the eight guesses are too much alike
Sum = tuple[int, int]


def play(lab: Lab) -> Iterator[str]:
    sums = [_sum(lab.rng) for _ in range(SUMS)]
    a, b = sums[0]
    text = _text(lab.rng, sums[0])
    lab.facts |= {
        "tries": TRIES,
        "sums": SUMS,
        "example": f"{a}+{b}=",
        "examples": EXAMPLES,
        "begins": text[:24].replace("\n", "  "),
    }
    machine = _machine(lab, text, sums[0])
    while not (_read(machine) or machine.kernel.halted):
        machine.kernel.step_phase()
    lab.facts |= {"pages": _frames(machine), "naive": _frames(machine) * (TRIES + 1)}
    yield "frames"
    machine.kernel.step_phase()  # the parent has written its token; now its program goes on, and forks
    lab.measured["frames"] = _frames(machine)
    lab.say(f"{TRIES + 1} page tables, each of {lab.facts['pages']} pages, point at the same {_frames(machine)} frames")
    yield "copies"
    first = _guesses(machine)
    lab.measured["copies"] = machine.kernel.memory.copies
    yield "alike"
    lab.measured["alike"] = "the same" if len(set(first[1])) == 1 else "different things"
    lab.say(f"{a}+{b}= " + "  ".join(first[1]))
    yield from _counted(lab, sums, first)


def _counted(lab: Lab, sums: list[Sum], first: tuple[str, tuple[str, ...]]) -> Iterator[str]:
    yield "one"
    results = [first, *(_guesses(_machine(lab, _text(lab.rng, pair), pair)) for pair in sums[1:])]
    for (a, b), (truth, said) in zip(sums, results, strict=True):
        lab.say(f"{a}+{b}= {said[0]:<4} {'right' if said[0] == truth else ''}")
    lab.measured["one"] = sum(said[0] == truth for truth, said in results)
    yield "many"
    for (a, b), (truth, said) in zip(sums, results, strict=True):
        lab.say(f"{a}+{b}= {' '.join(f'{s:<4}' for s in said)} {'calc finds ' + truth if truth in said else ''}")
    lab.measured["many"] = sum(truth in said for truth, said in results)


def _sum(rng: Random) -> Sum:
    """Two numbers whose sum has one digit."""
    a = rng.randrange(1, 9)
    return a, rng.randrange(1, 10 - a)


def _text(rng: Random, pair: Sum) -> str:
    """Worked examples of other sums, then this one up to its sign of equality, which the parent writes."""
    lines: list[str] = []
    while len(lines) < EXAMPLES:
        a, b = _sum(rng)
        if (a, b) != pair:
            lines.append(f"{a}+{b}={a + b}\n")
    return "".join(lines) + f"{pair[0]}+{pair[1]}"


def _machine(lab: Lab, text: str, pair: Sum) -> Machine:
    check = f"{pair[0]}+{pair[1]}"
    return lab.machine(init=("tries", text, check, TRIES, TEMPERATURE), devices=("calc",), tools=False)


def _read(machine: Machine) -> bool:
    """Has the parent read its whole text?"""
    return any(
        p.program == "tries" and 0 < len(p.space.tokens) == p.space.resident + 1
        for p in machine.kernel.processes.values()
    )


def _frames(machine: Machine) -> int:
    return sum(count > 0 for count in machine.kernel.memory.refs)


def _guesses(machine: Machine) -> tuple[str, tuple[str, ...]]:
    """(what calc says, what each guess said)"""
    values = [e[4] for e in machine.run() if e[1] == "exit" and isinstance(e[4], tuple)]
    truth, said = values[0] if values else ("", ("",) * TRIES)
    return str(truth), tuple(map(str, said))
