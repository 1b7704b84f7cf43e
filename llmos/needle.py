"""The needle test: does a process with a quarter of the frames still find one fact in a long text?

Knows: how a text with a hidden fact is made, asked and scored, on one engine under several paging policies. Does not know: how
pages move. Cases are drawn from a seed; the record of finished cases is a file of JSON lines, so that a
long run can go on later.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from llmos_kernel.cpu import Cpu
from llmos_kernel.errors import KernelError
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Codec, Delivery, Request
from llmos_kernel.syscall import trap

from .swap import RamPages

SLOTS = 512
ARMS: dict[str, tuple[str, tuple[int, int]]] = {  # name -> policy, pins
    "full": ("", (1, 2)),
    "attention": ("attention", (1, 2)),
    "lru": ("lru", (1, 2)),
    "clock": ("clock", (1, 2)),
    "sink+recent": ("fifo", (1, 2)),
    "fifo": ("fifo", (0, 1)),
}
PARTS = (("full", "attention"), ("sink+recent",), ("clock", "lru", "fifo"))
"""What is asked of every text of a length before the next part is begun: those first that are compared most."""
PLACES = [
    *("harbour", "market", "station", "library", "garden", "bridge"),
    *("tower", "mill", "school", "museum", "bakery", "theatre"),
]
THINGS = ["fence", "roof", "boat", "clock", "lamp", "bell", "gate", "cart", "bench", "wall", "pump", "chair"]
COLOURS = ["red", "blue", "green", "white", "yellow", "brown", "grey", "black"]
DONE = ("painted", "repaired", "cleaned", "moved", "measured", "sold")
DAYS = ("on Monday", "in spring", "last week", "at noon", "after the rain", "in the evening")


def case(number: int, pages: int, codec: Codec, seed: int = 0) -> tuple[str, str]:
    """(text, answer) of about `pages` pages of 16 tokens; the fact stands at a depth that walks through the text."""
    random = Random(f"{seed} {number} {pages}")
    name, answer = random.choice(PLACES), str(random.randrange(1000, 10_000))
    fact = f"The pass number of the {name} is {answer}."
    question = f"\n\nQuestion: What is the pass number of the {name}?\nAnswer: The pass number of the {name} is"
    room = pages * 16 - len(codec.encode(fact + question)) - 2
    lines: list[str] = []
    while room > 0:
        lines.append(
            f"The {random.choice(COLOURS)} {random.choice(THINGS)} near the {random.choice(PLACES)} was "
            f"{random.choice(DONE)} {random.choice(DAYS)}."
        )
        room -= len(codec.encode(" " + lines[-1]))
    lines.insert(round((number % 10 + 0.5) / 10 * len(lines)), fact)
    return " ".join(lines) + question, answer


class Silence:
    """No devices, nobody types."""

    def poll(self) -> Sequence[Delivery]:
        return ()

    def submit(self, request: Request) -> None:
        """There is nobody to ask."""


async def _asker(text: str) -> int:
    thought = await trap("think", (("text", text),), 6, 0, 0, 0, 0, 0, 0)
    await trap("exit", 0, thought[0])
    return 0


def run_case(cpu: Cpu, codec: Codec, text: str, answer: str, arm: str, window: int) -> dict[str, Any]:
    """One question under one policy; {"found", "said", "faults", "pageouts", "seconds"}, the last of processor time."""
    policy, pins = ARMS[arm]
    config = Config(args=(text,), slots=SLOTS, window=window if policy else 0, replacement=policy or "lru", pins=pins)
    kernel = Kernel(config, {"init": _asker}, cpu, codec, Silence(), store=RamPages(SLOTS))
    began, events = time.process_time(), list[Any]()
    while not kernel.halted:
        kernel.step()
        events += kernel.take_events()
    said = next(e[4] for e in events if e[1] == "exit")
    if said is None:
        raise KernelError(str(next(e[5] for e in events if e[1] == "exit")))
    return {
        "found": re.findall(r"\d+", said)[:1] == [answer],
        "said": said,
        "faults": sum(e[1] == "fault" for e in events),
        "pageouts": sum(e[1] == "pageout" for e in events),
        "seconds": round(time.process_time() - began, 2),
    }


def run(
    cpu: Cpu, codec: Codec, lengths: Sequence[int], cases: int, record: Path | None = None, seconds: float = 1e9
) -> dict[str, Any]:
    """The table over all lengths (pages) and policies, as far as `seconds` allow; finished cases are in `record`."""
    rows = [row for row in recorded(record, cpu.geometry.fingerprint) if "found" in row]
    done = {(r["case"], r["pages"], r["arm"]) for r in rows}
    until = time.monotonic() + seconds
    for pages, part, number in product(lengths, PARTS, range(cases)):
        for arm in part:
            if (number, pages, arm) in done or time.monotonic() > until:
                continue
            text, answer = case(number, pages, codec)
            window = max(5, pages // 4)
            row = {"case": number, "pages": pages, "arm": arm, "window": window, "cpu": cpu.geometry.fingerprint}
            rows.append(row | run_case(cpu, codec, text, answer, arm, window))
            keep(record, rows[-1])
    return table(rows)


def keep(record: Path | None, row: dict[str, Any]) -> None:
    """Add a finished case to the record."""
    if record is not None:
        with record.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def recorded(record: Path | None, fingerprint: str) -> Iterator[dict[str, Any]]:
    """Finished cases of this very model; a torn last line is left out."""
    if record is None or not record.exists():
        return
    for line in record.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row.get("cpu") == fingerprint:
            yield row


def wilson(found: int, cases: int) -> tuple[float, float]:
    """The interval, in percent, that holds the true rate in 95 of 100 experiments. Wilson, 1927."""
    z, rate = 1.96, found / cases
    middle = (rate + z * z / (2 * cases)) / (1 + z * z / cases)
    half = z / (1 + z * z / cases) * math.sqrt(rate * (1 - rate) / cases + z * z / (4 * cases * cases))
    return round(100 * max(0.0, middle - half), 1), round(100 * min(1.0, middle + half), 1)


def table(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Per length and policy: cases, found, how many answers differ from full memory's, faults, seconds."""
    said = {(r["case"], r["pages"]): r["said"] for r in rows if r["arm"] == "full"}
    result: dict[str, Any] = {}
    for pages in sorted({r["pages"] for r in rows}):
        for arm in ARMS:
            mine = [r for r in rows if r["arm"] == arm and r["pages"] == pages]
            if mine:
                result.setdefault(f"{pages * 16} tokens", {})[arm] = {
                    "frames": pages if arm == "full" else mine[0]["window"],
                    "cases": len(mine),
                    "found": sum(r["found"] for r in mine),
                    "between_percent": wilson(sum(r["found"] for r in mine), len(mine)),
                    "answers_changed": sum(r["said"] != said.get((r["case"], pages)) for r in mine),
                    "faults": sum(r["faults"] for r in mine),
                    "seconds": round(sum(r["seconds"] for r in mine), 1),
                }
    return result
