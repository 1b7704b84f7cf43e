"""Perplexity under paging: how well does a process with a quarter of the frames foresee what follows in a real text?

Knows: where real texts are (the language reference that every Python brings along for `help`), how the last tokens of one are
scored when a kernel's process has read what stands before through its window. Does not know: how pages move. Finished texts
are kept in a record, as those of the needle test (`needle.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from pydoc_data.topics import topics
from random import Random
from typing import Any

import numpy as np

from llmos_kernel.cpu import Burst, Retired
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Codec, Delivery
from llmos_kernel.syscall import trap

from .cpu.engine import Engine
from .needle import ARMS, SLOTS, Silence, keep, recorded
from .swap import RamPages

SCORED = 64
"""Tokens of what follows, fed one at a time, as a decoder does it: a page may be called back for a token by what stands before
it, never by what comes after."""


PARTS = (
    (("full", True), ("attention", True), ("sink+recent", True)),
    (("attention", False), ("sink+recent", False)),
    (("clock", True), ("lru", True), ("fifo", True), ("clock", False), ("lru", False), ("fifo", False)),
)
"""What is measured of every text before the next part is begun: a policy, and was the text before read with all pages?"""

Reading = dict[Any, tuple[Retired, list[bytes]]]
"""All bursts until now, the newest first -> what came of the newest, and the pages that it wrote."""


class Scorer:
    """A CPU that writes what the text says, and notes how likely that was."""

    def __init__(self, engine: Engine, following: Sequence[int], read: Reading | None = None) -> None:
        """`read` is what others have read of the text: as long as this one reads the same over the same pages, it is not
        computed again."""
        self.engine, self.following = engine, following
        self.geometry = engine.geometry
        self.surprise: dict[int, float] = {}  # position -> minus the logarithm of its token's probability
        self.began = 0.0  # processor seconds, when the first token was scored
        self.read: Reading = {} if read is None else read
        self.past: Any = ()  # what it has read so far; None: pages came from elsewhere
        self.save, self.digest, self.wipe = engine.save, engine.digest, engine.wipe

    def copy(self, pairs: Sequence[tuple[int, int]]) -> None:
        """As `Cpu.copy`."""
        self.past = None
        self.engine.copy(pairs)

    def load(self, frame: int, data: bytes) -> None:
        """As `Cpu.load`."""
        self.past = None
        self.engine.load(frame, data)

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        """As `Cpu.run`, of one burst. A token that is run again counts as it was run last."""
        burst = bursts[0]
        if not burst.steps:
            return [self._stretch(burst)]
        retired, logits = self.engine.read(burst)
        self.began = self.began or time.process_time()
        at = burst.pos + len(burst.feed)
        token = self.following[at - min(self.surprise, default=at)]
        row = logits[-1].astype(np.float64)
        self.surprise[at] = float(row.max() + math.log(np.exp(row - row.max()).sum()) - row[token])
        return [retired._replace(ids=(token,))]

    def _stretch(self, burst: Burst) -> Retired:
        """A stretch of the text before."""
        if self.past is None:
            return self.engine.run([burst])[0]
        self.past = (burst, self.past)
        ends = burst.pos, burst.pos + len(burst.feed)
        table = zip(burst.frames, burst.starts, strict=True)
        frames = [frame for frame, start in table if start < ends[1] and start + self.geometry.page > ends[0]]
        if self.past not in self.read:
            retired = self.engine.run([burst])[0]
            self.read[self.past] = retired, [self.engine.save(frame) for frame in frames]
        retired, pages = self.read[self.past]
        for frame, data in zip(frames, pages, strict=True):
            self.engine.load(frame, data)
        return retired


class Shortage(Silence):
    """Frames become few when a text has been read: after the first token that follows, the process gets a window."""

    def __init__(self, cpu: Scorer, *window: Any) -> None:
        """`window` is a number of frames and a policy."""
        self.cpu, self.window = cpu, window

    def poll(self) -> Sequence[Delivery]:
        if not self.window or not self.cpu.surprise:
            return ()
        window, self.window = self.window, ()
        return (Delivery("command", "window", (1, *window)),)


def texts(codec: Codec, tokens: int) -> list[str]:
    """Stretches of real text of about so many tokens each, none twice, in a mixed order."""
    ids = codec.encode(" ".join(" ".join(topics[name].split()) for name in sorted(topics)))
    found = [_text(codec, ids[first : first + tokens]) for first in range(0, len(ids) - tokens + 1, tokens)]
    Random(0).shuffle(found)
    return found


def _text(codec: Codec, ids: Sequence[int]) -> str:
    return b"".join(codec.piece(token) for token in ids).decode("utf-8", "replace")


async def _reader(text: str, count: int) -> int:
    await trap("think", (("text", text),), count, 0, 0, 0, 0, 0, 0)
    return 0


def read(
    engine: Engine,
    codec: Codec,
    text: str,
    arm: str,
    window: int,
    whole: bool = False,
    scored: int = SCORED,
    others: Reading | None = None,
) -> dict[str, Any]:
    """The last `scored` tokens of one text after the others, under one policy: surprise in nats, faults, and the processor
    seconds that these tokens took.

    `whole`: the text before was read with all its pages in RAM; else through the window too.
    """
    policy, pins = ARMS[arm]
    ids = codec.encode(text)
    args, cpu = (_text(codec, ids[:-scored]), scored), Scorer(engine, ids[-scored:], others)
    early, late = (0, window) if whole else (window, 0)
    config = Config(args=args, slots=SLOTS, window=early if policy else 0, replacement=policy or "lru", pins=pins)
    world = Shortage(cpu, late, policy) if policy and late else Silence()
    kernel = Kernel(config, {"init": _reader}, cpu, codec, world, store=RamPages(SLOTS))
    faults = 0
    while not kernel.halted:
        kernel.step()
        faults += sum(event[1] == "fault" for event in kernel.take_events())
    seconds = round(time.process_time() - cpu.began, 2)
    nats = round(sum(cpu.surprise.values()), 4)
    return {"tokens": len(cpu.surprise), "nats": nats, "faults": faults, "seconds": seconds}


def run(
    engine: Engine, codec: Codec, pages: int, cases: int, record: Path | None = None, seconds: float = 1e9
) -> dict[str, Any]:
    """The table over all policies, as far as texts and `seconds` reach. The policies that are compared most come first."""
    rows = [row for row in recorded(record, engine.geometry.fingerprint) if "whole" in row and row["pages"] == pages]
    done = {(row["case"], row["arm"], row["whole"]) for row in rows}
    until = time.monotonic() + seconds
    window = max(5, pages // 4)
    found = texts(codec, pages * engine.geometry.page)[:cases]
    for part in PARTS:
        for number, text in enumerate(found):
            others: Reading = {}
            for arm, whole in part:
                if (number, arm, whole) not in done and time.monotonic() < until:
                    row = {"case": number, "pages": pages, "arm": arm, "window": window, "whole": whole}
                    row |= {"cpu": engine.geometry.fingerprint}
                    rows.append(row | read(engine, codec, text, arm, window, whole, others=others))
                    keep(record, rows[-1])
    names = {True: "read with all pages in RAM", False: "read through the window"}
    return {name: table([r for r in rows if r["arm"] == "full" or r["whole"] == how]) for how, name in names.items()}


def table(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Per policy, over the texts that full memory has read too: perplexity, how far above its, on how many worse, faults."""
    full = {row["case"]: row for row in rows if row["arm"] == "full"}
    result: dict[str, Any] = {}
    for arm in ARMS:
        mine = [row for row in rows if row["arm"] == arm and row["case"] in full]
        if not mine:
            continue
        tokens = sum(row["tokens"] for row in mine)
        nats, base = (sum(row["nats"] for row in part) for part in (mine, [full[row["case"]] for row in mine]))
        result[arm] = {
            "frames": mine[0]["pages"] if arm == "full" else mine[0]["window"],
            "texts": len(mine),
            "tokens": tokens,
            "perplexity": round(math.exp(nats / tokens), 3),
            "above_full_percent": round(100 * math.expm1((nats - base) / tokens), 2),
            "worse_texts": sum(row["nats"] > full[row["case"]]["nats"] for row in mine),
            "faults": sum(row["faults"] for row in mine),
            "seconds": round(sum(row["seconds"] for row in mine), 1),
        }
    return result
