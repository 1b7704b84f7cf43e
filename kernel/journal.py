"""The journal: everything that entered the kernel, in order, so that the machine can be run again without a model.

Knows: the three ports and the records they leave. Does not know: files (`llmos/journal.py` writes and reads those).
A `Recorder` stands between the kernel and live ports and hands each record to a sink; a `Player` stands in for all
ports and answers from records. A request that differs from the recorded one is a `Divergence`.

Records are plain tuples, first the kind:
    ("in", tick, deliveries)   ("run", retired)   ("intent", number, pid, device, text)
    ("encode" | "turn" | "cue", check, ids)   ("piece", id, bytes)   ("name", id, text)   ("end", ticks)
    ("put" | "get", slot, kept)   ("choose", pid)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zlib import crc32

from .cpu import Burst, Cause, Cpu, Geometry, Retired
from .errors import Divergence, EndOfJournal
from .kernel import Config, Kernel, Program
from .ports import Codec, Delivery, NoStore, PageStore, Request, World
from .sched.own import Candidate, Choose

Record = tuple[Any, ...]
Sink = Callable[[Record], None]
VERSION = 1


@dataclass(frozen=True, slots=True)
class Header:
    """What a replay needs to know before the first record. All plain."""

    config: Config
    geometry: Geometry
    start: tuple[int, ...]
    ends: tuple[int, ...]
    marks: tuple[int, ...]
    never: tuple[int, ...]
    sources: str  # a hash of the programs' and the kernel's source: another one may diverge
    version: int = VERSION

    @staticmethod
    def of(config: Config, cpu: Cpu, codec: Codec, sources: str) -> Header:
        return Header(config, cpu.geometry, codec.start, codec.ends, codec.marks, codec.never, sources)

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_plain(raw: Any) -> Header:
        """Raises ValueError when `raw` is not a header of this version."""
        try:
            if raw["version"] != VERSION:
                raise ValueError(f"journal version {raw['version']}; this llmos reads version {VERSION}")
            fields = {
                **_tuples(raw),
                "config": Config(**_tuples(raw["config"])),
                "geometry": Geometry(**raw["geometry"]),
            }
            return Header(**fields)
        except (KeyError, TypeError) as e:
            raise ValueError(f"not a journal header: {e}") from None


def _tuples(raw: dict[str, Any]) -> dict[str, Any]:
    return {k: freeze(v) for k, v in raw.items()}


def freeze(value: Any) -> Any:
    """Lists become tuples, all the way down: what a file brings back equals what was written."""
    return tuple(freeze(v) for v in value) if isinstance(value, (list, tuple)) else value


def check(*parts: Any) -> int:
    """A short fingerprint of a request, to notice a replay that asks something else."""
    return crc32(repr(parts).encode("utf-8", "surrogatepass"))


class Recorder:
    """Live ports, with every answer written down before the kernel sees it."""

    def __init__(self, cpu: Cpu, codec: Codec, world: World, sink: Sink, store: PageStore | None = None) -> None:
        self._cpu, self._codec, self._world, self._sink = cpu, codec, world, sink
        self._store: PageStore = store or NoStore()
        self.geometry = cpu.geometry
        self.start, self.ends, self.marks, self.never = codec.start, codec.ends, codec.marks, codec.never
        self.tick = -1  # polls so far, less one: the kernel polls once a tick

    def close(self) -> None:
        self._sink(("end", self.tick + 1))

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        return self._ran(self._cpu.run(bursts))

    def _ran(self, retired: Sequence[Retired]) -> Sequence[Retired]:
        self._sink(("run", tuple(tuple(r) for r in retired)))
        return retired

    def copy(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._cpu.copy(pairs)

    def wipe(self, frames: Sequence[int]) -> None:
        self._cpu.wipe(frames)

    def save(self, frame: int) -> bytes:
        return self._cpu.save(frame)

    def load(self, frame: int, data: bytes) -> None:
        self._cpu.load(frame, data)

    def digest(self, frame: int) -> bytes:
        return self._cpu.digest(frame)

    def chooser(self, choose: Choose) -> Choose:
        """The person's own policy, with each choice written down."""

        def chosen(jobs: Sequence[Candidate], now: int) -> Candidate:
            job = choose(jobs, now)
            self._sink(("choose", getattr(job, "pid", 0)))
            return job

        return chosen

    def put(self, slot: int, data: bytes, key: bytes = b"") -> bool:
        return self._stored(slot, self._store.put(slot, data, key))

    def _stored(self, slot: int, kept: bool) -> bool:
        self._sink(("put", slot, int(kept)))
        return kept

    def get(self, slot: int) -> bytes | None:
        return self._found(slot, self._store.get(slot))

    def _found(self, slot: int, data: bytes | None) -> bytes | None:
        self._sink(("get", slot, int(data is not None)))
        return data

    def encode(self, text: str) -> tuple[int, ...]:
        return self._ids("encode", check(text), self._codec.encode(text))

    def turn(self, role: str, text: str, first: bool) -> tuple[int, ...]:
        return self._ids("turn", check(role, text, first), self._codec.turn(role, text, first))

    def cue(self) -> tuple[int, ...]:
        return self._ids("cue", 0, self._codec.cue())

    def closing(self) -> tuple[int, ...]:
        return self._ids("closing", 0, self._codec.closing())

    def _ids(self, kind: str, mark: int, ids: tuple[int, ...]) -> tuple[int, ...]:
        self._sink((kind, mark, ids))
        return ids

    def piece(self, token: int) -> bytes:
        piece = self._codec.piece(token)
        self._sink(("piece", token, piece))
        return piece

    def name(self, token: int) -> str:
        name = self._codec.name(token)
        self._sink(("name", token, name))
        return name

    def poll(self) -> Sequence[Delivery]:
        self.tick += 1
        deliveries = self._world.poll()
        if deliveries:
            self._sink(("in", self.tick, tuple(tuple(d) for d in deliveries)))
        return deliveries

    def submit(self, request: Request) -> None:
        self._sink(("intent", *request))
        self._world.submit(request)


class Player:
    """All three ports at once, answered from a journal. No model, no devices, no clock."""

    def __init__(self, header: Header, records: Iterable[Record]) -> None:
        self.geometry = header.geometry
        self.start, self.ends, self.marks, self.never = header.start, header.ends, header.marks, header.never
        self.tick = -1
        self.taken = 0  # records used so far
        self._records: Iterator[Record] = iter(records)
        self._ahead: Record | None = next(self._records, None)

    def _take(self, kind: str, *asked: Any) -> Record:
        record = self._ahead
        if record is None:
            raise EndOfJournal(f"the journal ends in tick {self.tick}")
        if record[0] != kind or record[1 : 1 + len(asked)] != asked:
            raise Divergence(f"tick {self.tick}: the journal has {record[:2]}, the machine asked {(kind, *asked)[:2]}")
        self._ahead = next(self._records, None)
        self.taken += 1
        return record

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        retired = [Retired(*r) for r in self._take("run")[1]]
        if len(retired) != len(bursts) or not all(map(_answers, retired, bursts)):
            raise Divergence(f"tick {self.tick}: other bursts than recorded")
        return retired

    def copy(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Nothing to do: there are no frames."""

    def wipe(self, frames: Sequence[int]) -> None:
        """Nothing to do: there are no frames."""

    def save(self, frame: int) -> bytes:
        return b""

    def load(self, frame: int, data: bytes) -> None:
        """Nothing to do: there are no frames."""

    def digest(self, frame: int) -> bytes:
        return b""

    def choose(self, jobs: Sequence[Candidate], now: int) -> Candidate:
        """What the person's own policy chose then."""
        pid = self._take("choose")[1]
        for job in jobs:
            if job.pid == pid:
                return job
        raise Divergence(f"tick {self.tick}: the journal chose pid {pid}, which does not wait")

    def put(self, slot: int, data: bytes, key: bytes = b"") -> bool:
        return bool(self._take("put", slot)[2])

    def get(self, slot: int) -> bytes | None:
        return b"" if self._take("get", slot)[2] else None

    def encode(self, text: str) -> tuple[int, ...]:
        return self._ids("encode", check(text))

    def turn(self, role: str, text: str, first: bool) -> tuple[int, ...]:
        return self._ids("turn", check(role, text, first))

    def cue(self) -> tuple[int, ...]:
        return self._ids("cue", 0)

    def closing(self) -> tuple[int, ...]:
        return self._ids("closing", 0)

    def _ids(self, kind: str, mark: int) -> tuple[int, ...]:
        ids: tuple[int, ...] = self._take(kind, mark)[2]
        return ids

    def piece(self, token: int) -> bytes:
        return bytes(self._take("piece", token)[2])

    def name(self, token: int) -> str:
        return str(self._take("name", token)[2])

    def poll(self) -> Sequence[Delivery]:
        self.tick += 1
        record = self._ahead
        if record is None or (record[0] == "end" and self.tick >= record[1]):
            raise EndOfJournal(f"the journal ends before tick {self.tick}")
        if record[0] == "in" and record[1] == self.tick:
            return [Delivery(*d) for d in self._take("in")[2]]
        return ()

    def submit(self, request: Request) -> None:
        self._take("intent", *request)


def _answers(retired: Retired, burst: Burst) -> bool:
    """Can this be what came of that burst? All of its feed went in, unless its frames were full before."""
    whole = len(burst.feed) + max(len(retired.ids) - 1, 0)
    return retired.fed == whole or (retired.cause == Cause.FULL and retired.fed < whole)


def again(header: Header, player: Player, programs: dict[str, Program]) -> Kernel:
    """The recorded machine at its first tick, with the player at all its ports."""
    choose = player.choose if header.config.policy == "own" else None
    return Kernel(header.config, programs, player, player, player, store=player, choose=choose)


def replay(header: Header, records: Iterable[Record], programs: dict[str, Program]) -> Iterator[Kernel]:
    """Run the recorded machine again, yielding the kernel after every tick until the journal ends. Raises Divergence."""
    kernel = again(header, Player(header, records), programs)
    try:
        while not kernel.halted:
            kernel.step()
            yield kernel
    except EndOfJournal:
        yield kernel


__all__ = ["Header", "Player", "Record", "Recorder", "again", "freeze", "replay"]
