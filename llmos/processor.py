"""A model as a CPU: from a name to an engine that runs bursts and a codec that turns text into its ids.

Knows: where a model comes from, what is worked into its weights, how an engine is sized, and what it needs to write calls. Does
not know: the kernel, devices' insides, or the machine around it (`boot.py`). Heavy imports happen inside functions.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from llmos_kernel.cpu import Cpu
from llmos_kernel.limits import MANY
from llmos_kernel.ports import Codec, Delivery, Grammar

from .errors import UsageError
from .gauge import Gauge
from .options import PAGE, SCRIPTED, Options
from .status import SelfTest

if TYPE_CHECKING:
    from .cpu.config import Model
    from .cpu.engine import Engine
    from .devices.base import Device

Progress = Callable[[SelfTest], None]
PATIENCE = 3.0
"""Seconds after which a program is one that stays."""


def silent(line: SelfTest) -> None:
    """Nobody watches this boot."""


def build(options: Options, progress: Progress = silent, model: Model | None = None) -> tuple[Cpu, Codec]:
    """The CPU and the codec of the model that was asked for; `model` spares loading it. Blocks for seconds. LlmosError."""
    if options.model == SCRIPTED:
        from .cpu.actor import Actor
        from .cpu.scripted import ByteCodec

        pages = options.max_pages or options.frames - 1
        progress(SelfTest("CPU", "scripted: no model, its lines are from a script", "ok"))
        return Actor(None, options.frames, options.lanes, pages, PAGE, options.chunk), ByteCodec()
    model = model or load_model(options.model, progress)
    if options.adapter and options.devices and not options.adapters:
        model = adapted(model, progress)
    with ThreadPoolExecutor(1) as pool:  # the child process of a chat template works while JAX starts
        codec = pool.submit(codec_of, model)
        engine = build_engine(model, options, progress)
        for _, file in options.adapters:
            engine.install(_fitted(model, file).params)
        return engine, codec.result()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Python's search for garbage rests: while much is made and nothing thrown away it costs a tenth of the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _fitted(model: Model, file: str) -> Model:
    """The model with an adapter's file worked in, or with the shipped one. Raises UsageError when there is none."""
    from .cpu import adapters

    path = Path(file) if file else adapters.shipped(model)
    if path is None:
        raise UsageError(f"no adapter is shipped for {model.name}; name a file: NAME=FILE")
    return adapters.merge(model, adapters.read(path))


def load_model(name: str | None, progress: Progress = silent) -> Model:
    """File 1 of the machine. Raises ModelFileError or UsageError."""
    from . import store
    from .cpu.loaders import load

    path, hint = (store.resolve(name), "") if name else (store.default(), store.hint())
    progress(SelfTest("file 1", f"parameters   {path.name}", "busy", 0.0))
    with undisturbed():
        model = load(path, lambda part: progress(SelfTest("file 1", f"parameters   {path.name}", "busy", part)))
    size = f"{path.stat().st_size / 1e6:,.1f} MB" if path.is_file() else ""
    parts = (f"parameters   {model.name}", size, f"sha256 {model.sha256[:8]}", model.note, hint)
    progress(SelfTest("file 1", "  ".join(part for part in parts if part), "ok"))
    return model


def adapted(model: Model, progress: Progress = silent) -> Model:
    """The model with the adapter that taught it to use devices, if one is shipped for it; else the model itself."""
    from .cpu import adapters

    path = adapters.shipped(model)
    if path is None:
        return model
    progress(SelfTest("adapter", f"{path.parent.name}   {path.stat().st_size / 1e6:,.1f} MB", "ok"))
    return adapters.merge(model, adapters.read(path))


def build_engine(model: Model, options: Options, progress: Progress = silent) -> Engine:
    """File 2: the forward pass, compiled for a few shapes."""
    forward = Path(__file__).with_name("cpu") / "model.py"
    lines = len(forward.read_text(encoding="utf-8").splitlines())
    progress(SelfTest("file 2", f"forward pass llmos/cpu/model.py  {lines} lines", "ok"))
    progress(SelfTest("CPU", "starting JAX", "busy"))
    start()
    from .cpu.engine import Engine

    began = time.monotonic()
    longest = max(1, min(model.config.context // PAGE, options.frames - 1))
    pages = min(options.max_pages or longest, longest)
    engine = Engine(model, options.mode, options.frames, options.lanes, pages, options.chunk)
    masks = options.grammar and bool(options.devices)
    engine.warm(lambda what, part: progress(SelfTest("CPU", f"compiling {what}", "busy", part)), masks)
    threading.Thread(target=_complete, args=(engine,), name="compiler").start()
    text = f"JAX, {options.mode}, {options.lanes} lanes, page {PAGE} tokens  ({time.monotonic() - began:.1f} s)"
    progress(SelfTest("CPU", text, "ok"))
    return engine


def start() -> None:
    """Import JAX and what is built on it. Takes half a second the first time."""
    from .cpu.xla import configure

    configure()
    with undisturbed():
        from .cpu import engine  # noqa: F401


def _complete(engine: Engine) -> None:
    """Compile what may be needed later, unless the program is soon over: who waits for one answer shall not wait for that."""
    threading.main_thread().join(PATIENCE)
    engine.complete()


def codec_of(model: Model) -> Codec:
    """Text to ids and back for this model, with its chat form and control ids."""
    from .cpu.isa import ModelCodec

    return ModelCodec(model)


def gauged(cpu: Cpu, tell: Callable[[Delivery], None]) -> Cpu:
    """With a gauge before it, where many can decode at once. Not the scripted CPU: its journals are the same each time."""
    return Gauge(cpu, tell) if cpu.geometry.lanes > MANY and cpu.geometry.mode != SCRIPTED else cpu


def fitting(system: str, cpu: Cpu, codec: Codec) -> str:
    """A system text that leaves room to answer; "" for a model whose whole context it would take."""
    capacity = cpu.geometry.page * min(cpu.geometry.max_pages, cpu.geometry.frames - 1)
    return system if system and 2 * len(codec.turn("system", system, True)) <= capacity else ""


def masks_for(vocab: int, codec: Codec, devices: Callable[[], Mapping[str, Device]], dialect: str) -> Grammar | None:
    """Masks that keep calls of these devices legal; None for a model that can't write calls."""
    from .cpu.grammar import Masks
    from .devices import registry

    plain = dialect == "llmos" and bool(codec.marks)
    end = codec.marks[1] if plain else codec.ends[0] if codec.ends else -1
    rules = registry.grammar if plain else registry.hermes_grammar
    if end < 0:
        return None
    return Masks(codec, vocab, end, lambda names: rules({n: d for n, d in devices().items() if n in names}))
