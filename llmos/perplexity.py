"""Perplexity under paging: how well does a process with a quarter of the frames foresee what comes next in a real text?

Knows: where real texts are (the chapters of the language reference that every Python brings along for `help`), how each token
is scored while a kernel's process reads it through its window. Does not know: how pages move. Finished texts are kept in a
record, as those of the needle test (`needle.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from pydoc_data.topics import topics
from random import Random
from typing import Any

import numpy as np

from llmos_kernel.cpu import Burst, Geometry, Retired
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Codec
from llmos_kernel.syscall import trap

from .cpu.engine import Engine
from .needle import ARMS, SLOTS, Silence, keep, recorded
from .swap import RamPages

CHUNK = 16
"""Tokens read at once. A page that the last of them calls for is there for the next ones, never for these."""


class Scorer:
    """A CPU that notes how likely each token of a text was, when it was read for the first time."""

    def __init__(self, engine: Engine, ids: Sequence[int]) -> None:
        self.engine, self.ids = engine, ids
        self.geometry: Geometry = replace(engine.geometry, chunk=CHUNK)
        self.surprise: dict[int, float] = {}  # position -> minus the logarithm of its token's probability
        self.copy, self.save, self.load, self.digest = engine.copy, engine.save, engine.load, engine.digest

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        """As `Cpu.run`, of one burst that reads."""
        burst = bursts[0]
        if burst.steps:  # the end of the text
            return self.engine.run(bursts)
        retired, logits = self.engine.read(burst)
        following = self.ids[burst.pos + 1 : burst.pos + 1 + len(logits)]
        for i, (row, token) in enumerate(zip(logits.astype(np.float64), following, strict=False)):
            top = row.max()
            lost = top + math.log(np.exp(row - top).sum()) - row[token]
            self.surprise.setdefault(burst.pos + 1 + i, float(lost))
        return [retired]


def texts(codec: Codec, tokens: int) -> list[str]:
    """Stretches of real text of about so many tokens each, none twice, in an order that mixes the chapters."""
    found = []
    for _, chapter in sorted(topics.items()):
        ids = codec.encode(" ".join(chapter.split()))
        for first in range(0, len(ids) - tokens + 1, tokens):
            found.append(b"".join(codec.piece(t) for t in ids[first : first + tokens]).decode("utf-8", "replace"))
    Random(0).shuffle(found)
    return found


async def _reader(text: str) -> int:
    await trap("think", (("text", text),), 1, 0, 0, 0, 0, 0, 0)
    return 0


def read(engine: Engine, codec: Codec, text: str, arm: str, window: int) -> dict[str, Any]:
    """One text under one policy: the surprise, in nats, of all tokens beyond a window's length; faults; processor seconds."""
    policy, pins = ARMS[arm]
    config = Config(args=(text,), slots=SLOTS, window=window if policy else 0, replacement=policy or "lru", pins=pins)
    cpu = Scorer(engine, codec.encode(text))
    kernel = Kernel(config, {"init": _reader}, cpu, codec, Silence(), store=RamPages(SLOTS))
    began, faults = time.process_time(), 0
    while not kernel.halted:
        kernel.step()
        faults += sum(event[1] == "fault" for event in kernel.take_events())
    beyond = [lost for at, lost in cpu.surprise.items() if at >= window * engine.geometry.page]
    seconds = round(time.process_time() - began, 2)
    return {"tokens": len(beyond), "nats": round(sum(beyond), 4), "faults": faults, "seconds": seconds}


def run(
    engine: Engine, codec: Codec, pages: int, cases: int, record: Path | None = None, seconds: float = 1e9
) -> dict[str, Any]:
    """The table over all policies, as far as texts and `seconds` reach."""
    rows = [row for row in recorded(record, engine.geometry.fingerprint) if "nats" in row and row["pages"] == pages]
    done = {(row["case"], row["arm"]) for row in rows}
    until = time.monotonic() + seconds
    window = max(5, pages // 4)
    for number, text in enumerate(texts(codec, pages * engine.geometry.page)[:cases]):
        for arm in ARMS:
            if (number, arm) not in done and time.monotonic() < until:
                row = {"case": number, "pages": pages, "arm": arm, "window": window, "cpu": engine.geometry.fingerprint}
                rows.append(row | read(engine, codec, text, arm, window))
                keep(record, rows[-1])
    return table(rows)


def table(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Per policy, over the texts that all policies have read: perplexity, how far above full memory's, faults, seconds."""
    by_arm = {arm: {row["case"]: row for row in rows if row["arm"] == arm} for arm in ARMS}
    whole = set.intersection(*(set(found) for found in by_arm.values()))
    if not whole:
        return {}
    result: dict[str, Any] = {}
    for arm, found in by_arm.items():
        mine = [found[case] for case in sorted(whole)]
        tokens = sum(row["tokens"] for row in mine)
        perplexity = math.exp(sum(row["nats"] for row in mine) / tokens)
        base = result.get("full", {}).get("perplexity", perplexity)
        result[arm] = {
            "frames": mine[0]["pages"] if arm == "full" else mine[0]["window"],
            "texts": len(mine),
            "tokens": tokens,
            "perplexity": round(perplexity, 3),
            "above_full_percent": round(100 * (perplexity / base - 1), 2),
            "faults": sum(row["faults"] for row in mine),
            "seconds": round(sum(row["seconds"] for row in mine), 1),
        }
    return result
