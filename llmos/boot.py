"""Booting: the only file that knows every part, and puts a machine together from a few options.

Knows: how processor, devices, kernel and journal fit. Does not know: what they do afterwards, or how a model becomes a CPU
(`processor.py`). Heavy imports happen inside functions, so that the screen can be up before JAX is.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_apps import PROGRAMS
from llmos_kernel.cpu import Cpu, Geometry
from llmos_kernel.journal import Header, Record, Recorder, Sink
from llmos_kernel.kernel import Kernel
from llmos_kernel.ports import Codec, Grammar, NoStore, PageStore

from . import paths, processor
from .errors import LlmosError
from .journal import Writer
from .labels import LabelStore
from .labs.own import load_choice
from .machine import Machine
from .options import PAGE, SYSTEM, Options, check_names, kernel_config
from .past import Again, Parts, Past
from .processor import Progress, codec_of, fitting, gauged, masks_for, silent
from .status import SelfTest
from .stopwatch import Stopwatch
from .world import HostWorld

if TYPE_CHECKING:
    from .cpu.config import Model
    from .devices.base import Device


def boot(
    options: Options, progress: Progress = silent, model: Model | None = None, engine: Cpu | None = None
) -> Machine:
    """Put a machine together; `progress` gets the lines of the self-test. Raises LlmosError. Blocks for seconds.

    `model` spares loading one that is loaded already; `engine`, built on it and used by no other machine now, compiling.
    """
    check_names(options)
    cpu, codec = (engine, codec_of(model)) if engine and model else processor.build(options, progress, model)
    pages = cpu.geometry.frames - 1
    progress(SelfTest("RAM", f"{pages} frames x {PAGE} tokens = {pages * PAGE:,} tokens", "ok"))
    world, names, system = _world(options, progress)
    if library := _stored(world):
        progress(SelfTest("disk", library, "ok"))
    dialect = options.dialect or getattr(codec, "dialect", "llmos")
    if dialect == "hermes" and system:
        from .devices.registry import HOW

        system = f"{system}\n{HOW}"
    system = fitting(system, cpu, codec)
    init = tuple(system if argument is SYSTEM else argument for argument in options.init)
    labels = LabelStore(options.home or paths.home()) if "files" in options.devices else None
    masks = _masks(options, cpu, codec, world, dialect) if names else None
    config = replace(
        kernel_config(options, init, names, dialect),
        disk=labels.text() if labels else "",
        grammar=int(masks is not None),
        library=library,
    )
    choose = load_choice(options.policy) if options.policy.endswith(".py") else None
    watch = Stopwatch(gauged(cpu, world.deliver), page_file(cpu.geometry, options.slots, progress))
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


def page_file(geometry: Geometry, slots: int, progress: Progress = silent) -> PageStore:
    """Swap space that is gone when the machine is: its file has no name once it is open. Where there can be none, pages that
    leave are computed again."""
    if not slots:
        return NoStore()
    from .swap import PageFile, SwapError

    path = paths.swap().with_name(f"pages-{os.getpid()}-{time.monotonic_ns()}")
    try:
        file = PageFile(path, geometry.frame_bytes, slots, geometry.fingerprint)
    except SwapError as error:
        pages = geometry.frames - 1
        progress(SelfTest("RAM", f"{pages} frames x {PAGE} tokens; no swap: {error}", "ok"))
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return NoStore()
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
        cpu, codec = processor.build(options, silent, model)
        world, names, _ = _world(options, silent)
        dialect = options.dialect or getattr(codec, "dialect", "llmos")
        masks = _masks(options, cpu, codec, world, dialect) if names else None
        choose = load_choice(options.policy) if options.policy.endswith(".py") else None
        return Parts(cpu, codec, world, page_file(cpu.geometry, options.slots), masks, choose)

    return again


def _masks(options: Options, cpu: Cpu, codec: Codec, world: HostWorld, dialect: str) -> Grammar | None:
    """Masks for what is mounted, where they are wanted."""
    return masks_for(cpu.geometry.vocab, codec, lambda: world.devices, dialect) if options.grammar else None


def _world(options: Options, progress: Progress) -> tuple[HostWorld, tuple[str, ...], str]:
    """Mounted devices, their names, and the system text that tells a model about them ("" when it should not know)."""
    from .devices.base import Context

    now = options.now
    context = Context() if now is None else Context(now=lambda: now)
    made: list[HostWorld] = []

    def plug(server: str, tools: dict[str, Device]) -> None:
        for world in made:
            world.replug(server, tools)

    keeps = options.compact or not {"search", "page"}.isdisjoint(options.devices)  # a person may move spans out by hand
    names = (*options.devices, *(["disk"] if keeps else []))
    if not names:
        progress(SelfTest("devices", "none", "ok"))
        return HostWorld({}, context), (), ""
    from .devices import registry

    settings = device_settings(options, plug)
    devices = registry.mounted(names, settings)
    shown = [name for name in devices if name != "disk"]  # which has a line of its own, and is not for models
    progress(SelfTest("devices", " ".join(f"{name} on" for name in shown) or "none", "ok"))
    system = registry.instructions({name: devices[name] for name in shown}) if options.tools and devices else ""
    made.append(HostWorld(devices, context))
    return made[0], tuple(shown), system


def _stored(world: HostWorld) -> str:
    """How much there is to search in; "" where nothing can be searched."""
    search = world.devices.get("search")
    if search is None:
        return ""
    stored = search.library.stat()  # type: ignore[attr-defined]
    return f"{stored['documents']:,} documents, {stored['passages']:,} passages"


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
