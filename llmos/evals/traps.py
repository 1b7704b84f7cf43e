"""`llmos eval traps`: requests with what is expected of each, run on a model and scored.

Knows: the format of the file (docs/evals.md), how many runs go side by side, the fields of the answer (a contract). Does
not know: how a run is scored (`scoring.py`) or where its devices are (`places.py`). All lines share one loaded model: each
is a process with an empty context and devices of its own, and in exact8 it does not matter who its neighbours are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmos import processor
from llmos.devices import registry
from llmos.machine import Machine
from llmos.options import PAGE, Options
from llmos_apps import PROGRAMS
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.monitor import RULES
from llmos_kernel.ports import Event

from . import lines
from .patterns import too_slow
from .places import Places, places
from .requests import remarks, request
from .scoring import Called, Verdict, judge, shares

DEVICES = ("calc", "clock", "files", "search", "python", "spawn", "send")
WINDOW = 1024  # tokens of one run's context, as far as the model can attend to them
LIMIT = 160  # tokens that one run may sample


__all__ = ["DEVICES", "evaluate", "read", "remarks", "report", "too_slow"]


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a file. Raises UsageError that names the first bad one."""
    return lines.read(path, request)


def evaluate(
    items: Sequence[dict[str, Any]],
    options: Options,
    jobs: int,
    progress: Callable[[int], None],
    temperature: int = 0,
    limit: int = LIMIT,
) -> dict[str, Any]:
    """Run every item, at most `jobs` side by side, and score them. `progress` gets the number of runs that are done.

    Each run samples at most `limit` tokens, at a temperature in thousandths.
    """
    runs: dict[int, dict[str, Any]] = {}
    with places(options.devices, [item["setup"] for item in items]) as world:
        asked = (min(jobs, len(items)), limit, temperature)
        for events in _machine(items, options, asked, world).events():
            for event in events:
                _follow(event, items, world, runs)
            progress(len(runs))
    return report(items, runs)


def _machine(items: Sequence[dict[str, Any]], options: Options, asked: tuple[int, int, int], world: Places) -> Machine:
    """One machine for all, asked so many at once, for so many tokens, at a temperature.

    Its monitor lets everything pass, since nothing of it reaches outside the line's own place.
    """
    listed = registry.mounted(options.devices, registry.Settings(home=world.folder, pretend=True))
    pages, width = WINDOW // PAGE, asked[0]
    cpu, codec = processor.build(replace(options, lanes=width, frames=1 + width * pages, max_pages=pages))
    dialect = options.dialect or getattr(codec, "dialect", "llmos")
    tell = registry.instructions if dialect == "llmos" else registry.hermes_instructions
    system = processor.fitting(tell(listed) if options.tools else "", cpu, codec)
    masks = processor.masks_for(cpu.geometry.vocab, codec, lambda: listed, dialect) if options.grammar else None
    config = Config(
        args=("asks", *asked, system, *(item["request"] for item in items)),
        seed=options.seed,
        devices=tuple(listed),
        dialect=dialect,
        off=tuple(name for name, _ in RULES),
    )
    return Machine(Kernel(config, PROGRAMS, cpu, codec, world, grammar=masks), world)


def _follow(event: Event, items: Sequence[dict[str, Any]], world: Places, runs: dict[int, dict[str, Any]]) -> None:
    """Processes belong to lines in the order in which they were started."""
    _, kind, pid, *data = event
    if kind == "spawn" and data[1] == "answer":
        world.belongs(pid, len(world.lines))
    elif kind == "exit" and pid in world.lines:
        line = world.lines[pid]
        runs[line] = _run(items[line], data[1], str(data[2]))
        world.leave(pid)


def _run(item: dict[str, Any], value: Any, failure: str) -> dict[str, Any]:
    """One finished process as a run; one that failed has an error and no answer."""
    text, tokens, calls, stop = value or ("", 0, (), "error")
    verdict = judge(item["expect"], [Called(d, a, r) for d, a, r, _ in calls], text.strip())
    run = {
        "id": item["id"],
        "category": item["category"],
        "request": item["request"],
        "answer": text.strip(),
        "calls": [{"device": d, "args": a, "result": r, "label": label} for d, a, r, label in calls],
        "tokens": tokens,
        "stop": stop,
        "verdict": verdict._asdict(),
    }
    return run if value else run | {"error": failure}


def report(items: Sequence[dict[str, Any]], runs: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """The figures over all runs and of each category, and the runs in the order of the file."""
    ordered = [runs[line] for line in range(len(items))]
    verdicts = [Verdict(**run["verdict"]) for run in ordered]
    kinds: dict[str, list[Verdict]] = {}
    for item, verdict in zip(items, verdicts, strict=True):
        kinds.setdefault(item["category"], []).append(verdict)
    by_category = {kind: {"n": len(found), **shares(found)} for kind, found in kinds.items()}
    return {"n": len(items), **shares(verdicts), "by_category": by_category, "runs": ordered}
