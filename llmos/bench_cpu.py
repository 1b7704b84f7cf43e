"""`llmos bench cpu`: how fast the engine decodes, prefills and starts, and llama.cpp beside it when it is installed.

Knows: what is measured and under which names. Does not know: how an engine works. Contexts are equally long on both sides.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_kernel.cpu import Burst

from .errors import LlmosError

if TYPE_CHECKING:
    from .cpu.engine import Engine

LANES = (1, 8, 32)
PLACES = {"short": 10, "at_300": 300}
"""Tokens in each context before the first decoded one."""

CHUNK = 256
STEPS = 6
ROUNDS = 5
PAGES = (max(PLACES.values()) + STEPS) // 16 + 1
"""Of one context."""


def bench_cpu(path: Path, modes: tuple[str, ...]) -> dict[str, Any]:
    """Blocks for minutes. Raises ModelFileError, and UsageError for an unknown mode."""
    from .cpu.xla import configure

    configure()
    result: dict[str, Any] = {"model": path.name, "bandwidth_gb_per_s": _bandwidth()}
    result["modes"] = {mode: _mode(path, mode, result["bandwidth_gb_per_s"]) for mode in modes}
    peer = _peer(path)
    result["llama_cpp"] = peer or "not installed"
    if peer:
        result["ratios"] = {mode: _ratios(own, peer) for mode, own in result["modes"].items()}
    result["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return result


@contextmanager
def _home() -> Iterator[None]:
    """A home of its own, where nothing is cached yet."""
    before = os.environ.get("LLMOS_HOME")
    with tempfile.TemporaryDirectory(prefix="llmos-bench-") as home:
        os.environ["LLMOS_HOME"] = home
        try:
            yield
        finally:
            os.environ.pop("LLMOS_HOME")
            if before is not None:
                os.environ["LLMOS_HOME"] = before


def _mode(path: Path, mode: str, bandwidth: float) -> dict[str, Any]:
    with _home():
        cold = _timed(lambda: _boot(path, mode))
        began = time.perf_counter()
        engine = _boot(path, mode)
        warm = time.perf_counter() - began
        return {"boot_to_first_token_s": round(warm, 2), "cold_boot_s": round(cold, 2), **_rates(engine, bandwidth)}


def _boot(path: Path, mode: str) -> Engine:
    """From the file to a first token after a prompt of ten."""
    from .cpu.engine import Engine
    from .cpu.loaders import load

    engine = Engine(load(path), mode, LANES[-1] * PAGES + 1, LANES[-1], PAGES, CHUNK)
    engine.run([_burst(0, PAGES, 0, tuple(range(100, 110)), 1)])
    return engine


def _rates(engine: Engine, bandwidth: float) -> dict[str, Any]:
    read = sum(a.nbytes for a in _arrays(engine.weights))
    decode = {
        name: {str(n): _rate(n * STEPS, partial(engine.run, _bursts(n, PAGES, at))) for n in LANES}
        for name, at in PLACES.items()
    }
    chunk = _burst(0, PAGES, 0, tuple(range(100, 100 + CHUNK)), 0)
    floor = bandwidth * 1e9 / read
    return {
        "decode_tokens_per_s": decode,
        "prefill_tokens_per_s": _rate(CHUNK, lambda: engine.run([chunk])),
        "bytes_read_per_token": read,
        "share_of_bandwidth": round(decode["short"]["1"] / floor, 3),
    }


def _arrays(params: dict[str, Any]) -> list[Any]:
    import jax

    return jax.tree.leaves([params["layers"], params["head"]])


def _bursts(count: int, pages: int, at: int) -> list[Burst]:
    return [_burst(i, pages, at, (100 + i,), STEPS) for i in range(count)]


def _burst(lane: int, pages: int, at: int, feed: tuple[int, ...], steps: int) -> Burst:
    """A burst of lane `lane`, with only the pages that its tokens need."""
    used = (at + len(feed) + max(steps - 1, 0) - 1) // 16 + 1
    first = 1 + lane * pages
    return Burst(tuple(range(first, first + used)), tuple(range(0, used * 16, 16)), at, feed, steps)


def _rate(tokens: int, run: Callable[[], Any]) -> float:
    """Tokens a second, the median of a few rounds after one that compiles."""
    run()
    return round(tokens / statistics.median(_timed(run) for _ in range(ROUNDS)), 2)


def _timed(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _bandwidth() -> float:
    """Gigabytes a second that a sum over 256 MB reads, the best of a few."""
    import jax.numpy as jnp

    big = jnp.ones(1 << 26, jnp.float32)
    jnp.sum(big).block_until_ready()
    return round(big.nbytes / min(_timed(lambda: jnp.sum(big).block_until_ready()) for _ in range(ROUNDS)) / 1e9, 2)


def _peer(path: Path) -> dict[str, Any] | None:
    """The same for llama.cpp, through raw `llama_decode`; None when it is not installed or can't read the file."""
    if importlib.util.find_spec("llama_cpp") is None or path.suffix != ".gguf":
        return None
    import llama_cpp as c  # type: ignore[import-not-found,unused-ignore]

    def boot() -> _Peer:
        sides = _Peer(c, path, LANES[-1] * (max(PLACES.values()) + STEPS + 16))
        sides.feed([(100 + p, p, 0) for p in range(10)])
        return sides

    cold = _timed(boot)
    began = time.perf_counter()
    sides = boot()
    first = time.perf_counter() - began
    decode = {name: {str(n): sides.decode(n, at) for n in LANES} for name, at in PLACES.items()}
    return {
        "boot_to_first_token_s": round(first, 2),
        "cold_boot_s": round(cold, 2),
        "decode_tokens_per_s": decode,
        "prefill_tokens_per_s": sides.prefill(),
    }


class _Peer:
    """Raw decoding of several sequences, through llama.cpp's C functions: its Python class has room for one."""

    def __init__(self, c: Any, path: Path, length: int) -> None:
        """`length` is of all contexts together. LlmosError when llama.cpp can't."""
        self._c = c
        c.llama_backend_init()
        self._quiet = c.llama_log_callback(lambda *line: None)
        c.llama_log_set(self._quiet, ctypes.c_void_p(0))
        self._model = c.llama_model_load_from_file(str(path).encode(), c.llama_model_default_params())
        wanted = c.llama_context_default_params()
        wanted.n_ctx, wanted.n_batch, wanted.n_ubatch, wanted.n_seq_max = length, CHUNK, CHUNK, LANES[-1]
        wanted.n_threads = wanted.n_threads_batch = 2
        wanted.kv_unified = True  # one pool of cells for all sequences, as ours has one of frames
        self._context = c.llama_init_from_model(self._model, wanted) if self._model else None
        if not self._context:
            raise LlmosError(f"llama.cpp can't run {path}")

    def feed(self, tokens: list[tuple[int, int, int]]) -> None:
        """Decode (token, position, sequence) of each, logits for the last."""
        batch = self._c.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for i, (token, at, sequence) in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, at, 1, sequence
            batch.logits[i] = len(tokens) < CHUNK or i == len(tokens) - 1
        failed = self._c.llama_decode(self._context, batch)
        self._c.llama_batch_free(batch)
        if failed:
            raise LlmosError(
                f"llama.cpp could not decode {len(tokens)} tokens (code {failed}); nothing to compare with"
            )

    def _clear(self) -> None:
        self._c.llama_memory_clear(self._c.llama_get_memory(self._context), True)

    def decode(self, count: int, at: int) -> float:
        self._clear()
        for i in range(count):
            for first in range(0, at, CHUNK):
                self.feed([(100 + p, p, i) for p in range(first, min(at, first + CHUNK))])
        steps = iter(range(at, at + STEPS))
        times = [_timed(partial(self.feed, [(100 + i, p, i) for i in range(count)])) for p in steps]
        return round(count / statistics.median(times), 2)

    def prefill(self) -> float:
        def run() -> None:
            self._clear()
            self.feed([(100 + p, p, 0) for p in range(CHUNK)])

        return _rate(CHUNK, run)


def _ratios(own: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """Ours over llama.cpp's."""
    return {
        "decode": {
            name: {n: round(rate / peer["decode_tokens_per_s"][name][n], 3) for n, rate in row.items()}
            for name, row in own["decode_tokens_per_s"].items()
        },
        "prefill": round(own["prefill_tokens_per_s"] / peer["prefill_tokens_per_s"], 3),
        "boot_to_first_token": round(own["boot_to_first_token_s"] / peer["boot_to_first_token_s"], 3),
    }
