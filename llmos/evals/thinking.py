"""`llmos eval thinking`: does slow thinking pay? One greedy pass, a vote and a tree search on the same questions.

Knows: questions with one right answer each, the programs `vote` and `tree`, how their answers come back. Does not know: how
they think. The greedy pass is a vote of one at temperature 0, so all three read the same words. Each is a process among
others on one machine. What is reported is the share of right answers with Wilson's interval, and the tokens it took.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

from llmos import processor
from llmos.machine import Machine
from llmos.options import Options
from llmos.world import HostWorld
from llmos_apps import PROGRAMS
from llmos_kernel.kernel import Config, Kernel

from . import lines as lines_of

METHODS: dict[str, tuple[Any, ...]] = {  # name -> program and what follows the question
    "greedy": ("vote", 1, 96, 0),
    "vote": ("vote", 5, 96, 800),
    "tree": ("tree", 3, 2, 48),
}
LANES, FRAMES, PAGES = 16, 512, 24
ABREAST = 4  # questions in work at once


def read(path: Path) -> list[tuple[str, str]]:
    """(question, answer) of each line. Raises UsageError that names the first bad one."""
    return lines_of.read(path, _item)


def _item(number: int, item: dict[str, Any]) -> tuple[str, str]:
    question, answer = item.get("question"), item.get("answer")
    if not isinstance(question, str) or not isinstance(answer, str):
        raise lines_of.Wrong('it takes a "question" and an "answer", both text')
    return question, answer


def evaluate(
    items: Sequence[tuple[str, str]], options: Options, progress: Callable[[int], None] = lambda done: None
) -> dict[str, Any]:
    """All methods on all questions. `progress` gets the number of runs that are done."""
    jobs = [(name, question, right) for name in METHODS for question, right in items]
    cpu, codec = processor.build(replace(options, lanes=LANES, frames=FRAMES, max_pages=PAGES, devices=()))
    started = [(METHODS[name][0], question, *METHODS[name][1:]) for name, question, _ in jobs]
    config = Config(args=("crowd", ABREAST, *started), seed=options.seed)
    world = HostWorld({})
    runs = _follow(Machine(Kernel(config, PROGRAMS, cpu, codec, world), world), progress)
    told = [
        {"method": name, "question": question, "answer": answer, "right": same(answer, right), "tokens": tokens}
        for (name, question, right), (answer, tokens) in zip(jobs, runs, strict=True)
    ]
    return {"n": len(items), "methods": {name: _figures(name, told) for name in METHODS}, "runs": told}


def _follow(machine: Machine, progress: Callable[[int], None]) -> list[tuple[str, int]]:
    """(answer, tokens sampled) of each job, in the order in which they were started; children count for their job."""
    job_of: dict[int, int] = {}
    answers: dict[int, str] = {}
    tokens: dict[int, int] = {}
    for events in machine.events():
        for _, kind, pid, *data in events:
            if kind == "spawn" and data[1] in ("vote", "tree"):
                job_of[pid] = len(tokens)
                tokens[job_of[pid]] = 0
            elif kind == "spawn" and data[0] in job_of:
                job_of[pid] = job_of[data[0]]
            elif kind == "retire" and pid in job_of:
                tokens[job_of[pid]] += len(data[0])
            elif kind == "exit" and data[1] is not None:
                answers[job_of[pid]] = str(data[1][0])
                progress(len(answers))
    machine.close()
    return [(answers.get(job, ""), tokens[job]) for job in sorted(tokens)]


def _figures(name: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of one method: right answers, Wilson's interval, tokens, and where it differs from the greedy pass."""
    mine = [run for run in runs if run["method"] == name]
    base = [run for run in runs if run["method"] == "greedy"]
    right = sum(run["right"] for run in mine)
    return {
        "right": right,
        "share": round(right / len(mine), 3),
        "interval": [round(edge, 3) for edge in wilson(right, len(mine))],
        "tokens": sum(run["tokens"] for run in mine),
        "better_than_greedy": sum(a["right"] > b["right"] for a, b in zip(mine, base, strict=True)),
        "worse_than_greedy": sum(a["right"] < b["right"] for a, b in zip(mine, base, strict=True)),
    }


def same(answer: str, right: str) -> bool:
    """The same word whatever its case, or the same number."""
    try:
        return float(answer.replace(",", "")) == float(right)
    except ValueError:
        return answer.casefold() == right.casefold()


def wilson(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share."""
    middle, spread = right + z * z / 2, z * sqrt(right * (n - right) / n + z * z / 4)
    return (middle - spread) / (n + z * z), (middle + spread) / (n + z * z)


def lines(result: dict[str, Any]) -> list[str]:
    head = f"{'method':<10}{'right':>8}{'share':>8}  {'95 % interval':<16}{'tokens':>9}{'better':>8}{'worse':>7}"
    return [
        head,
        *(
            f"{name:<10}{m['right']:>8}{m['share']:>8.3f}  {m['interval'][0]:.3f} to {m['interval'][1]:.3f}  "
            f"{m['tokens']:>9,}{m['better_than_greedy']:>8}{m['worse_than_greedy']:>7}"
            for name, m in result["methods"].items()
        ),
    ]
