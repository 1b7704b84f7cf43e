"""A CPU without a model: the contract of `llmos_kernel.cpu`, played from a script, in plain Python.

Knows: frames, positions, ids. Does not know: JAX, processes. Its output depends on what is *in the frames*: every slot
holds a value mixed from all slots before it, and the next id is taken from all of them, so that a page lost, shared
wrongly, copied late or left over from another process changes the tokens. The kernel, the apps and the screen are tested
on it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from llmos_kernel.cpu import Burst, Cause, Geometry, Retired

MASK = (1 << 63) - 1
QUANTUM = Cause.QUANTUM  # looking it up in its class takes as long as a call, in Python 3.11
START, END, TRAP, GO, RESULT, DONE = range(256, 262)
VOCAB = 262
LAYERS, HEADS = 4, 3  # that it pretends to have, when somebody asks where a token looked
NAMES = {START: "<|start|>", END: "<|end|>", TRAP: "<|trap|>", GO: "<|go|>", RESULT: "<|result|>", DONE: "<|done|>"}

Script = Callable[[Sequence[int]], int]
"""From all ids of a context (read out of the frames) to the next id."""


def mix(a: int, b: int) -> int:
    """Two integers to one; a change of one bit changes about half of the result."""
    x = (a * 0x9E3779B97F4A7C15 + b * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) & MASK
    return x ^ (x >> 29)


class ScriptedCpu:
    """See the module. `script` decides the next id; without one it is a letter, a space or END, out of the hash."""

    def __init__(
        self,
        script: Script | None = None,
        frames: int = 65,
        lanes: int = 2,
        max_pages: int = 64,
        page: int = 16,
        chunk: int = 64,
    ) -> None:
        self.geometry = Geometry(
            page, frames, max_pages, lanes, chunk, VOCAB, page * 16, "scripted", "scripted", f"scripted-{page}"
        )
        self.script = script
        self.ids = [[0] * page for _ in range(frames)]
        self.values = [[0] * page for _ in range(frames)]
        self.sums = [0] * frames  # of each frame's values, kept as they change

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        return [self._run(burst) for burst in bursts]

    def _run(self, burst: Burst) -> Retired:
        page, sums = self.geometry.page, self.sums
        table = dict(zip(burst.starts, burst.frames, strict=True))
        pos, feed, steps = burst.pos, burst.feed, burst.steps
        out: list[int] = []
        state = self._prefix(burst.adapter, table, pos)
        cause = QUANTUM
        while True:
            for token in feed:
                slot = pos % page
                if (frame := table.get(pos - slot)) is None:
                    return Retired(tuple(out), Cause.FULL, pos - burst.pos)
                value = mix(state, token)
                values = self.values[frame]
                sums[frame] += value - values[slot]
                self.ids[frame][slot], values[slot] = token, value
                state = (state + value) & MASK
                pos += 1
            if len(out) == steps:
                break
            token = self._next(burst, table, pos, state)
            out.append(token)
            if token in burst.wake:
                cause = Cause.WAKE
                break
            if len(out) == steps:
                break
            feed = (token,)
        mass = self._mass(len(table), state)
        return Retired(tuple(out), cause, pos - burst.pos, mass, _worth(burst, mass, state) if burst.digests else ())

    def _prefix(self, adapter: int, table: dict[int, int], pos: int) -> int:
        """The sum of all slots before `pos`, read from the frames in the table; an adapter starts from another state."""
        state = mix(adapter, 1) if adapter else 0
        sums, whole = self.sums, pos - self.geometry.page  # a page that begins here or before is full
        for start, frame in table.items():
            if start <= whole:
                state += sums[frame]
            elif start < pos:
                state += sum(self.values[frame][: pos - start])
        return state & MASK

    def _next(self, burst: Burst, table: dict[int, int], pos: int, state: int) -> int:
        if self.script is not None:
            return self.script(self._context(table, pos))
        choice = mix(state, mix(burst.seed, pos) if burst.temperature else 0) % 40
        return END if choice == 39 else 32 if choice > 25 else 97 + choice

    def _context(self, table: dict[int, int], pos: int) -> list[int]:
        """The ids before `pos`, read from the frames."""
        context: list[int] = []
        ids = self.ids
        for start, frame in table.items():
            if start < pos:
                context += ids[frame][: pos - start]
        return context

    def _mass(self, n: int, state: int) -> tuple[int, ...]:
        """Attention over `n` pages that leans on the first and the last, and a little on one in between."""
        mass = [65535 // (2 * n)] * n
        mass[0] += 65535 // 8
        mass[-1] += 65535 // 4
        mass[state % n] += 65535 // 8
        return tuple(mass)

    def attention(self, burst: Burst) -> list[list[list[float]]]:
        """As `Engine.attention`, made up: heads of early layers lean on the last page, of late ones on some page before."""
        n, state = len(burst.frames), mix(burst.pos, burst.feed[0])
        return [
            [self._shares(n, layer, mix(state, 8 * layer + head)) for head in range(HEADS)] for layer in range(LAYERS)
        ]

    def _shares(self, n: int, layer: int, state: int) -> list[float]:
        weights = [1 + mix(state, page) % 8 for page in range(n)]
        weights[0] += 16
        weights[-1] += 64 >> layer
        weights[state % n] += 8 << layer
        return [weight / sum(weights) for weight in weights]

    def copy(self, pairs: Sequence[tuple[int, int]]) -> None:
        for source, target in pairs:
            self.ids[target] = self.ids[source].copy()
            self.values[target] = self.values[source].copy()
            self.sums[target] = self.sums[source]

    def wipe(self, frames: Sequence[int]) -> None:
        for frame in frames:
            n = self.geometry.page
            self.ids[frame], self.values[frame], self.sums[frame] = [0] * n, [0] * n, 0

    def save(self, frame: int) -> bytes:
        n = self.geometry.page
        return struct.pack(f"<{2 * n}q", *self.ids[frame], *self.values[frame])

    def load(self, frame: int, data: bytes) -> None:
        n = self.geometry.page
        both = struct.unpack(f"<{2 * n}q", data)
        self.ids[frame], self.values[frame] = list(both[:n]), list(both[n:])
        self.sums[frame] = sum(self.values[frame])

    def digest(self, frame: int) -> bytes:
        return struct.pack("<Q", self.sums[frame] & MASK)


def _worth(burst: Burst, mass: tuple[int, ...], state: int) -> tuple[int, ...]:
    """Of a page that is there its attention; about one absent page in eight is worth more, by the hash of its digest."""
    away = burst.digests[len(mass) :]
    return (*mass, *(65535 * (mix(state, int.from_bytes(d, "little")) % 8 == 0) for d in away))


class ByteCodec:
    """One id a byte; turns are START role newline text END."""

    start: tuple[int, ...] = ()
    ends: tuple[int, ...] = (END,)
    marks: tuple[int, ...] = (TRAP, GO, RESULT, DONE)
    never: tuple[int, ...] = (RESULT, DONE)

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(text.encode("utf-8", "replace"))

    def turn(self, role: str, text: str, first: bool) -> tuple[int, ...]:
        return (START, *self.encode(f"{role}\n{text}"), END)

    def cue(self) -> tuple[int, ...]:
        return (START, *self.encode("assistant\n"))

    def closing(self) -> tuple[int, ...]:
        return ()

    def piece(self, token: int) -> bytes:
        return bytes([token]) if token < 256 else b""

    def name(self, token: int) -> str:
        return NAMES.get(token, "")


def replies(answer: Callable[[str], str]) -> Script:
    """A script that speaks: `answer` maps the last turn's text to a reply, written byte by byte and ended with END.

    In a reply, `{calc 37*48}` becomes a call TRAP calc 37*48 GO; `$` stands for the newest result.
    """

    def script(context: Sequence[int]) -> int:
        begin = max((i for i, t in enumerate(context) if t == START), default=-1)
        heard = bytes(t for t in context[:begin] if t < 256)
        said = _without_results(context[begin + 1 :])[len("assistant\n") :]
        turns = heard.decode("utf-8", "replace").split("user\n")
        reply = _compile(answer(turns[-1]), _last_result(context))
        return reply[len(said)] if len(said) < len(reply) else END

    return script


def _compile(text: str, result: str) -> list[int]:
    out: list[int] = []
    for i, part in enumerate(text.replace("$", result).replace("}", "{").split("{")):
        out += [TRAP, *part.encode(), GO] if i % 2 else [*part.encode()]
    return out


def _without_results(ids: Sequence[int]) -> list[int]:
    out: list[int] = []
    inside = False
    for t in ids:
        if t == RESULT:
            inside = True
        elif t == DONE:
            inside = False
        elif not inside:
            out.append(t)
    return out


def _last_result(ids: Sequence[int]) -> str:
    starts = [i for i, t in enumerate(ids) if t == RESULT]
    if not starts:
        return ""
    rest = list(ids[starts[-1] + 1 :])
    end = rest.index(DONE) if DONE in rest else len(rest)
    return bytes(t for t in rest[:end] if t < 256).decode("utf-8", "replace")
