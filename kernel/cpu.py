"""The CPU as the kernel sees it: frames and token ids, nothing else.

Knows: the shape of the machine (`Geometry`), what one lane is asked to do (`Burst`) and what came of it (`Retired`).
Does not know: processes, text, policies, JAX. Implementations: `llmos.cpu.engine` (a Transformer) and
`llmos.cpu.scripted` (a script that reads its own frames). Read next: `memory.py`, then `kernel.py`.

One convention holds everywhere: **the last sampled id is not yet in the KV cache; it is `feed[0]` of the next burst.**
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

TRASH = 0
"""Frame 0 belongs to nobody: a lane that has stopped, or padding, writes there."""


class Cause(IntEnum):
    """Why a lane stopped."""

    QUANTUM = 0  # all `steps` were run (also: a prefill-only burst is done)
    WAKE = 1  # the last sampled id is one of `wake`
    FULL = 2  # the next token has no slot in the frames given
    FAULT = 3  # an absent page would matter (working-set mode only)
    MACHINE_CHECK = 4  # logits were not finite; nothing was sampled


@dataclass(frozen=True, slots=True)
class Geometry:
    """The fixed sizes of one CPU. `fingerprint` names weights, mode, versions and machine: equal means equal tokens."""

    page: int  # tokens in one frame
    frames: int  # frames in the pool, frame 0 (TRASH) included
    max_pages: int  # entries in one block table: page * max_pages tokens is the longest context
    lanes: int  # bursts that may run in one tick
    chunk: int  # most tokens of one prefill in one tick; a multiple of `page`
    vocab: int
    frame_bytes: int
    mode: str  # "exact8" | "float32" | "bfloat16" | "scripted"
    model: str  # a short name for people
    fingerprint: str


class Mask:
    """Which ids may be sampled, reckoned when somebody wants to know: the CPU, while its layers run.

    `reckon` gives bits, bit i (little-endian in each byte) set = id i may be sampled; None = every id may. A mask is no state
    of the machine, since a replay has none: what is left of it in a snapshot is that there was one.
    """

    __slots__ = ("reckon",)

    def __init__(self, reckon: Callable[[], bytes | None]) -> None:
        self.reckon = reckon

    def __reduce__(self) -> tuple[type[Mask], tuple[Callable[[], bytes | None]]]:
        return Mask, (everything,)


def everything() -> None:
    """Every id may be sampled."""


class Burst(NamedTuple):
    """One lane's work. Entry i of the block table is frame `frames[i]` holding positions `starts[i]` .. `starts[i] + page - 1`.

    Starts are multiples of `page`, in ascending order. Pages may be left out of the table (working-set mode): their tokens are
    not attended to. Whoever leaves pages out may give `digests`, and hears in `Retired.worth` how much each page matters.

    `feed` goes to positions `pos`, `pos + 1`, ...; then up to `steps` ids are sampled, each fed to the next position
    except the last. `len(feed) >= 1`; `len(feed) <= chunk`; frames must cover `pos + len(feed) + max(steps - 1, 0)` tokens.
    """

    frames: tuple[int, ...]
    starts: tuple[int, ...]
    pos: int
    feed: tuple[int, ...]
    steps: int = 1  # 0 = prefill only
    wake: tuple[int, ...] = ()  # <= 16 ids that stop the lane when sampled
    seed: int = 0
    temperature: int = 0  # thousandths; 0 = greedy, ties to the lowest id
    min_p: int = 0  # thousandths of the largest probability
    allowed: Mask | None = None  # of the id that is sampled; only with steps <= 1
    digests: tuple[bytes, ...] = ()  # of the table's pages (b"" of one that is not full), then of those left out
    adapter: int = 0  # which set of weights runs: 0 = the model as loaded, others as the CPU's owner installed them
    never: tuple[int, ...] = ()  # <= 16 ids that are not sampled, whatever `allowed` says


class Retired(NamedTuple):
    """What one burst did. All integers, so that it can be written to the journal."""

    ids: tuple[int, ...]  # sampled, in order; at most `steps`
    cause: int  # a Cause
    fed: int  # tokens that entered the KV cache in this burst: len(feed) + max(len(ids) - 1, 0)
    mass: tuple[int, ...] = ()  # attention of the last query over table entries, uint16: sums to about 65535
    worth: tuple[int, ...] = ()  # of each of `Burst.digests`: how much the page brings, uint16: squares sum to 65535**2
    top: tuple[tuple[tuple[int, int], ...], ...] = ()  # for each sampled id its 5 likeliest (id, probability * 65535)
    layers: tuple[int, ...] = ()  # of each page left out, the layer that wants it most


class Cpu(Protocol):
    """Executes bursts. Deterministic: the same frames and the same burst retire the same ids."""

    @property
    def geometry(self) -> Geometry: ...

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        """Run at most `lanes` bursts, at most one of them with more than one token to feed. Blocks."""

    def copy(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Copy whole frames, (source, target) each; targets are distinct and no target is also a source."""

    def wipe(self, frames: Sequence[int]) -> None:
        """Zero whole frames."""

    def save(self, frame: int) -> bytes:
        """The frame's bytes (`frame_bytes` of them): keys and values of all layers, and their scales."""

    def load(self, frame: int, data: bytes) -> None:
        """The opposite of `save`, byte for byte."""

    def digest(self, frame: int) -> bytes:
        """A small summary of a full frame's keys, to keep when the frame is given up; for `Burst.absent`."""
