"""Booting: the only file that knows every part, and puts a machine together from a few options.

Knows: how model, engine, codec, devices, kernel and journal fit. Does not know: what they do afterwards. Heavy imports
happen inside functions, so that the screen can be up before JAX is.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_apps import PROGRAMS
from llmos_kernel.cpu import Cpu, Geometry
from llmos_kernel.journal import Header, Record, Recorder, Sink
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.limits import MANY, QUANTUM
from llmos_kernel.ports import Codec, Delivery, Grammar, NoStore, PageStore
from llmos_kernel.sched import POLICIES
from llmos_kernel.victims import VICTIMS

from . import paths
from .devices.kernelcalls import SERVED
from .errors import LlmosError, UsageError
from .gauge import Gauge
from .journal import Writer
from .labels import LabelStore
from .labs.own import load_choice
from .machine import Machine
from .past import Again, Parts, Past
from .status import SelfTest
from .stopwatch import Stopwatch
from .world import HostWorld

if TYPE_CHECKING:
    from .cpu.config import Model
    from .cpu.engine import Engine
    from .devices.base import Device

Progress = Callable[[SelfTest], None]
PAGE = 16
FRAMES = 129  # of the machine room: 128 pages of 16 tokens and the trash frame
DEVICES = ("calc", "clock", "files", "search")
PACE = 720  # thousandths of their speed that many decoders keep beside a prompt: 70 %, and something for what it varies
SCRIPTED = "scripted"  # a machine without a model, for tests and for looking at the OS alone


@dataclass(frozen=True)
class Options:
    """What a machine is made of. Everything has a default; names are those of the command line."""

    model: str | None = None  # a name, a path, or None for the best one that is installed
    mode: str = "exact8"
    frames: int = FRAMES
    lanes: int = 2
    max_pages: int | None = None  # None: as long as the model and the frames allow
    chunk: int = 64
    seed: int = 0
    quantum: int = QUANTUM  # tokens of a turn while others wait
    init: tuple[Any, ...] = ("sh",)
    devices: tuple[str, ...] = DEVICES
    now: datetime | None = None  # pins the clock
    home: Path | None = None  # of the files device
    library: Path | None = None  # a folder of documents for search
    journal: Path | None = None  # where to record; None: not at all
    tools: bool = True  # tell the model in its system text what is mounted
    adapter: bool = True  # where devices are mounted: run with the trap adapter that is shipped for the model, if any
    adapters: tuple[
        tuple[str, str], ...
    ] = ()  # (name, file) of weights that processes may choose; "" = the shipped ones
    hosts: tuple[str, ...] = ()  # whom the browser may ask: "host" or "host:port"
    servers: tuple[tuple[str, tuple[str, ...] | str], ...] = ()  # of MCP: (name, command or URL), for the device "mcp"
    llm_url: str = ""  # of an OpenAI-compatible server, for the device "llm"
    llm_model: str = "default"  # which of its models
    llm_key: str = ""
    grammar: bool = True  # hold calls to the grammar of what is mounted while they are written
    dialect: str = ""  # how the model writes calls: "llmos", "hermes", or "" for what suits it
    compact: bool = False  # old spans go to the retrieval disk before the window is full
    slots: int = 256  # of the page file, for processes that lose their frames; 0 = none: they are computed again
    policy: str = "rr"  # who gets the lanes: a name in `sched.POLICIES`, or a file of your own, mine.py
    victims: str = "lru"  # who loses its frames when they are short: a name in `victims.VICTIMS`
    window: int = 0  # frames a process may hold; 0 = as many as it has pages
    replacement: str = "attention"  # who goes when a window is full
    trace: bool = False  # record which pages got attention
    rights: str = ""  # manifests by program, as JSON; "" = everybody may do everything
    off: tuple[str, ...] = ()  # rules of the monitor that are switched off, for lessons about what they are good for
    keep: bool = False  # keep all records in memory, so that one can go back and branch


def _silent(line: SelfTest) -> None:
    """Nobody watches this boot."""


def boot(
    options: Options, progress: Progress = _silent, model: Model | None = None, engine: Cpu | None = None
) -> Machine:
    """Put a machine together; `progress` gets the lines of the self-test. Raises LlmosError. Blocks for seconds.

    `model` spares loading one that is loaded already; `engine`, built on it and used by no other machine now, compiling.
    """
    _check_names(options)
    cpu, codec = (engine, codec_of(model)) if engine and model else _processor(options, progress, model)
    pages = cpu.geometry.frames - 1
    progress(SelfTest("RAM", f"{pages} frames x {PAGE} tokens = {pages * PAGE:,} tokens", "ok"))
    from .devices.registry import HOW

    world, names, system = _world(options, progress)
    dialect = options.dialect or getattr(codec, "dialect", "llmos")
    if dialect == "hermes" and system:
        system = f"{system}\n{HOW}"
    system = fitting(system, cpu, codec)
    init = tuple(system if argument is SYSTEM else argument for argument in options.init)
    labels = LabelStore(options.home or paths.home()) if "files" in options.devices else None
    config = replace(_config(options, init, names, dialect), disk=labels.text() if labels else "")
    choose = load_choice(options.policy) if options.policy.endswith(".py") else None
    masks = masks_for(cpu.geometry.vocab, codec, lambda: world.devices, dialect) if options.grammar else None
    watch = Stopwatch(gauged(cpu, world.deliver), page_file(cpu.geometry, options.slots) or NoStore())
    if options.journal is None and not options.keep:
        kernel = Kernel(config, PROGRAMS, watch, codec, world, store=watch, grammar=masks, choose=choose)
        return Machine(kernel, world, watch=watch, labels=labels)
    header = Header.of(config, cpu, codec, sources())
    writer = Writer(options.journal, header) if options.journal else None
    past = Past(header, _again(options, model)) if options.keep else None
    recorder = Recorder(watch, codec, world, _tee(writer, past), watch)
    where = f"{options.journal}   recording; everything you type is in it" if options.journal else "in memory only"
    progress(SelfTest("log", where, "ok"))
    return Machine(
        Kernel(
            config,
            PROGRAMS,
            recorder,
            recorder,
            recorder,
            store=recorder,
            grammar=masks,
            choose=recorder.chooser(choose) if choose else None,
        ),
        world,
        recorder,
        writer,
        past,
        watch,
        labels,
    )


def gauged(cpu: Cpu, tell: Callable[[Delivery], None]) -> Cpu:
    """With a gauge before it, where many can decode at once. Not the scripted CPU: its journals are the same each time."""
    return Gauge(cpu, tell) if cpu.geometry.lanes > MANY and cpu.geometry.mode != SCRIPTED else cpu


def _config(options: Options, args: tuple[Any, ...], devices: tuple[str, ...], dialect: str) -> Config:
    """The part of the options that the kernel, and so the journal, needs to know."""
    return Config(
        args=args,
        seed=options.seed,
        quantum=options.quantum,
        policy="own" if options.policy.endswith(".py") else options.policy,
        devices=devices,
        adapters=tuple(name for name, _ in options.adapters),
        adapter=options.adapters[0][0] if options.adapters and options.adapter else "none",
        served=tuple(name for name in devices if name in SERVED),
        dialect=dialect,
        slots=options.slots,
        pace=PACE,
        victims=options.victims,
        window=options.window,
        replacement=options.replacement,
        trace=int(options.trace),
        compact=int(options.compact),
        rights=options.rights,
        off=options.off,
    )


def _check_names(options: Options) -> None:
    """UsageError for a name nobody knows, before anything slow begins."""
    from .devices.registry import available

    if not options.policy.endswith(".py") and options.policy not in POLICIES:
        raise UsageError(
            f"no policy {options.policy!r}; there are {', '.join(POLICIES)}, or a file of your own: mine.py"
        )
    if options.victims not in VICTIMS:
        raise UsageError(f"no victim policy {options.victims!r}; there are {', '.join(VICTIMS)}")
    for name in options.devices:
        if name not in (known := available()):
            raise UsageError(f"no device {name!r}; there are: {' '.join(known)}")


def page_file(geometry: Geometry, slots: int) -> PageStore | None:
    """Swap space that is gone when the machine is: its file has no name once it is open."""
    if not slots:
        return None
    from .swap import PageFile

    path = paths.swap().with_name(f"pages-{os.getpid()}-{time.monotonic_ns()}")
    file = PageFile(path, geometry.frame_bytes, slots, geometry.fingerprint)
    path.unlink()
    return file


def _tee(*sinks: Sink | None) -> Sink:
    """Every record to every sink there is."""
    given = [sink for sink in sinks if sink is not None]
    if len(given) == 1:
        return given[0]

    def both(record: Record) -> None:
        for sink in given:
            sink(record)

    return both


def _again(options: Options, model: Model | None) -> Again:
    """Makes a second CPU on the same parameters, with frames, devices and a page file of its own."""

    def again() -> Parts:
        cpu, codec = _processor(options, _silent, model)
        world = _world(options, _silent)[0]
        dialect = options.dialect or getattr(codec, "dialect", "llmos")
        masks = masks_for(cpu.geometry.vocab, codec, lambda: world.devices, dialect) if options.grammar else None
        choose = load_choice(options.policy) if options.policy.endswith(".py") else None
        return Parts(cpu, codec, world, page_file(cpu.geometry, options.slots), masks, choose)

    return again


SYSTEM: Any = object()
"""Stands in `Options.init` for the system text, which is known only when the devices are mounted."""


def _processor(options: Options, progress: Progress, model: Model | None) -> tuple[Cpu, Codec]:
    """The CPU and the codec of the model that was asked for."""
    if options.model == SCRIPTED:
        from .cpu.actor import Actor
        from .cpu.scripted import ByteCodec

        pages = options.max_pages or options.frames - 1
        progress(SelfTest("CPU", "scripted: no model, its lines are from a script", "ok"))
        return Actor(None, options.frames, options.lanes, pages, PAGE, options.chunk), ByteCodec()
    model = model or load_model(options.model, progress)
    if options.adapter and options.devices and not options.adapters:
        model = adapted(model, progress)
    engine = build_engine(model, options, progress)
    for _, file in options.adapters:
        engine.install(_fitted(model, file).params)
    return engine, codec_of(model)


def _fitted(model: Model, file: str) -> Model:
    """The model with an adapter's file worked in, or with the shipped one. Raises UsageError when there is none."""
    from .cpu import adapters

    path = Path(file) if file else adapters.shipped(model)
    if path is None:
        raise UsageError(f"no adapter is shipped for {model.name}; name a file: NAME=FILE")
    return adapters.merge(model, adapters.read(path))


def processor(options: Options) -> tuple[Cpu, Codec]:
    """A CPU and a codec alone, for measurements without a machine around them."""
    return _processor(options, _silent, None)


def load_model(name: str | None, progress: Progress = _silent) -> Model:
    """File 1 of the machine. Raises ModelFileError or UsageError."""
    from . import store
    from .cpu.loaders import load

    path, hint = (store.resolve(name), "") if name else (store.default(), store.hint())
    progress(SelfTest("file 1", f"parameters   {path.name}", "busy", 0.0))
    model = load(path, lambda part: progress(SelfTest("file 1", f"parameters   {path.name}", "busy", part)))
    size = f"{path.stat().st_size / 1e6:,.1f} MB" if path.is_file() else ""
    parts = (f"parameters   {model.name}", size, f"sha256 {model.sha256[:8]}", model.note, hint)
    progress(SelfTest("file 1", "  ".join(part for part in parts if part), "ok"))
    return model


def adapted(model: Model, progress: Progress = _silent) -> Model:
    """The model with the adapter that taught it to use devices, if one is shipped for it; else the model itself."""
    from .cpu import adapters

    path = adapters.shipped(model)
    if path is None:
        return model
    progress(SelfTest("adapter", f"{path.parent.name}   {path.stat().st_size / 1e6:,.1f} MB", "ok"))
    return adapters.merge(model, adapters.read(path))


def build_engine(model: Model, options: Options, progress: Progress = _silent) -> Engine:
    """File 2: the forward pass, compiled for a few shapes."""
    forward = Path(__file__).with_name("cpu") / "model.py"
    lines = len(forward.read_text(encoding="utf-8").splitlines())
    progress(SelfTest("file 2", f"forward pass llmos/cpu/model.py  {lines} lines", "ok"))
    progress(SelfTest("CPU", "starting JAX", "busy"))
    from .cpu.xla import configure

    configure()
    from .cpu.engine import Engine

    began = time.monotonic()
    longest = max(1, min(model.config.context // PAGE, options.frames - 1))
    pages = min(options.max_pages or longest, longest)
    engine = Engine(model, options.mode, options.frames, options.lanes, pages, options.chunk)
    engine.warm(lambda what, part: progress(SelfTest("CPU", f"compiling {what}", "busy", part)))
    threading.Thread(target=engine.complete, name="compiler").start()
    text = f"JAX, {options.mode}, {options.lanes} lanes, page {PAGE} tokens  ({time.monotonic() - began:.1f} s)"
    progress(SelfTest("CPU", text, "ok"))
    return engine


def codec_of(model: Model) -> Codec:
    """Text to ids and back for this model, with its chat form and control ids."""
    from .cpu.isa import ModelCodec

    return ModelCodec(model)


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


def _world(options: Options, progress: Progress) -> tuple[HostWorld, tuple[str, ...], str]:
    """Mounted devices, their names, and the system text that tells a model about them ("" when it should not know)."""
    from .devices import registry
    from .devices.base import Context

    now = options.now
    context = Context() if now is None else Context(now=lambda: now)
    made: list[HostWorld] = []

    def plug(server: str, tools: dict[str, Device]) -> None:
        for world in made:
            world.replug(server, tools)

    settings = device_settings(options, plug)
    names = (*options.devices, *(["disk"] if options.compact else []))
    devices = registry.mounted(names, settings)
    progress(SelfTest("devices", " ".join(f"{name} on" for name in devices) or "none", "ok"))
    system = (
        registry.instructions({n: d for n, d in devices.items() if n != "disk"}) if options.tools and devices else ""
    )
    made.append(HostWorld(devices, context))
    return made[0], tuple(name for name in devices if name != "disk"), system


def device_settings(
    options: Options, plug: Callable[[str, dict[str, Device]], None] = lambda server, tools: None
) -> Any:
    """What of the options devices may use: a `registry.Settings`."""
    from .devices import registry

    return registry.Settings(
        home=options.home or paths.home(),
        mail=paths.mail(),
        disk=paths.disk(),
        library=options.library,
        hosts=options.hosts,
        servers=options.servers,
        llm_url=options.llm_url,
        llm_model=options.llm_model,
        llm_key=options.llm_key,
        plug=plug,
    )


def sources() -> str:
    """A hash of the kernel's and the programs' source: a journal replays exactly under the same one."""
    digest = hashlib.sha256()
    for package in ("llmos_kernel", "llmos_apps"):
        spec = importlib.util.find_spec(package)
        origin = spec.origin if spec else None
        if origin is None:
            raise LlmosError(f"{package} is not installed as files")
        for path in sorted(Path(origin).parent.rglob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
