"""What is here, what is missing, and the command that mends it.

Knows: how to look at this installation without starting it. Does not know: how to mend anything by itself. Looking is
all it does: no model is loaded, nothing is fetched, and a broken part is a line of the report, never an exception.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import fetch, hardware, paths, store

PARTS = ("jax", "jaxlib", "numpy", "textual", "tokenizers", "gguf", "safetensors", "msgpack", "llguidance", "jinja2")
EXTRAS = {"browser": "lxml", "mcp": "mcp", "python": "pydantic_monty", "train": "optax", "bench": "llama_cpp"}
"""Each extra and the module that shows that it is installed."""
NOT_OURS = {"bench": "llama-cpp-python"}
"""Extras that are somebody else's package: what to install for them."""
LEAST_MEMORY = 2 * 10**9
"""Bytes: smollm2 in float32, twice, and its frames."""
SMALLEST = (80, 24)
"""Columns and rows that the machine room needs."""

Report = dict[str, Any]


def report() -> Report:
    """{"versions", "device", "memory", "terminal", "folders", "models", "extras", "problems", "ok"}."""
    found: Report = {
        "versions": _versions(),
        "device": _device(),
        "memory": {"bytes": hardware.memory(), "free": hardware.free_memory(), "cores": hardware.cores()},
        "terminal": _terminal(),
        "folders": _folders(),
        "models": _models(),
        "extras": {name: importlib.util.find_spec(module) is not None for name, module in EXTRAS.items()},
    }
    found["problems"] = [{"what": what, "mend": mend} for what, mend in _problems(found)]
    found["ok"] = not any(p["mend"] and not p["mend"].startswith("optional") for p in found["problems"])
    return found


def _versions() -> dict[str, str | None]:
    return {"llmos": _version("llmos"), "python": platform.python_version(), **{name: _version(name) for name in PARTS}}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _device() -> dict[str, Any]:
    """What JAX would compute on. Asked last of JAX itself, and its failure is an answer too."""
    try:
        from .cpu.xla import configure

        configure()
        import jax

        devices = jax.devices()
    except Exception as e:
        return {
            "platform": None,
            "kind": None,
            "count": 0,
            "problem": " ".join(f"{type(e).__name__}: {e}".split())[:200],
        }
    return {"platform": devices[0].platform, "kind": devices[0].device_kind, "count": len(devices), "problem": ""}


def _terminal() -> dict[str, Any]:
    size = shutil.get_terminal_size((0, 0))
    return {
        "is_terminal": sys.stdin.isatty() and sys.stdout.isatty(),
        "columns": size.columns,
        "rows": size.lines,
        "colour": os.environ.get("COLORTERM") or os.environ.get("TERM", ""),
        "encoding": sys.stdout.encoding,
    }


def _folders() -> dict[str, dict[str, Any]]:
    kinds = {"models": paths.models(), "cache": paths.cache(), "journals": paths.journals(), "home": paths.home()}
    return {kind: {"path": str(path), "writable": writable(path)} for kind, path in kinds.items()}


def writable(path: Path) -> bool:
    """Can files be made in this folder, or, while it is not there, in the nearest one above it?"""
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(b"llmos")
    except OSError:
        return False
    return True


def _models() -> list[Report]:
    """As `llmos models`, with hashes; "whole" says of a pinned model whether its file is the one we know."""
    found = []
    for model in store.installed():
        path = Path(model["path"])
        digest = fetch.sha256(path / "model.safetensors" if path.is_dir() else path)
        pinned = path == store.SMOLLM2.path
        found.append({**model, "sha256": digest, "whole": digest == store.SMOLLM2.sha256 if pinned else None})
    return found


def _problems(found: Report) -> Iterator[tuple[str, str]]:
    """What is wrong or missing, and the command that mends it; "optional: " before those nobody must run."""
    for name in (n for n in PARTS if found["versions"][n] is None):
        yield f"the package {name} is not installed", "pip install llmos"
    if found["device"]["problem"]:
        yield f"JAX does not start: {found['device']['problem']}", "pip install --force-reinstall jax jaxlib"
    memory = found["memory"]["free"]
    if memory is not None and memory < LEAST_MEMORY:
        yield f"only {memory / 1e9:.1f} GB of memory are free", "llmos --model nano"
    for kind, folder in found["folders"].items():
        if not folder["writable"]:
            yield f"the {kind} folder {folder['path']} can't be written", "LLMOS_HOME=$HOME/llmos llmos doctor"
    yield from _model_problems(found["models"])
    yield from _terminal_problems(found["terminal"])
    for name in (n for n, there in found["extras"].items() if not there):
        yield f"{name} is not installed", f'optional: pip install "{NOT_OURS.get(name, f"llmos[{name}]")}"'


def _model_problems(models: list[Report]) -> Iterator[tuple[str, str]]:
    if not any(m["path"] == str(store.SMOLLM2.path) for m in models):
        yield "smollm2 was not fetched; nano is used", "optional: llmos pull smollm2"
    if any(m["whole"] is False for m in models):
        yield "smollm2's file is damaged: its hash differs", "llmos pull smollm2"
    for left in sorted(paths.models().glob(".part-*")) if paths.models().is_dir() else []:
        yield f"half of a model is in {left}", f"optional: pull it again to go on, or rm -r {left}"


def _terminal_problems(terminal: Report) -> Iterator[tuple[str, str]]:
    if not terminal["is_terminal"]:
        yield "this is no terminal; the machine room can't be shown", "optional: llmos run sh --plain"
    elif terminal["columns"] < SMALLEST[0] or terminal["rows"] < SMALLEST[1]:
        yield (
            f"the terminal has {terminal['columns']}x{terminal['rows']}; {SMALLEST[0]}x{SMALLEST[1]} are needed",
            "resize",
        )
    if (terminal["encoding"] or "").lower().replace("-", "") not in ("utf8", "utf16"):
        yield f"the terminal speaks {terminal['encoding']}, not UTF-8", "export PYTHONUTF8=1"


def lines(found: Report) -> list[str]:
    """The report for people."""
    versions = ", ".join(f"{name} {number or 'MISSING'}" for name, number in found["versions"].items())
    device, memory, terminal = found["device"], found["memory"], found["terminal"]
    out = [f"versions   {versions}", f"device     {device['count']} x {device['platform']} ({device['kind']})"]
    out.append(f"memory     {_gigabytes(memory['bytes'])}, {_gigabytes(memory['free'])} free, {memory['cores']} cores")
    size = f"{terminal['columns']}x{terminal['rows']} {terminal['colour']}"
    out.append(f"terminal   {size if terminal['is_terminal'] else 'none'}, {terminal['encoding']}")
    for kind, folder in found["folders"].items():
        out.append(f"{kind:<10} {folder['path']}  {'writable' if folder['writable'] else 'NOT WRITABLE'}")
    for model in found["models"]:
        state = {True: "whole", False: "DAMAGED", None: ""}[model["whole"]]
        out.append(
            f"model      {model['name']}  {model['bytes'] / 1e6:.1f} MB  sha256 {model['sha256'][:16]}  {state}".rstrip()
        )
    extras = ", ".join(f"{name} {'yes' if there else 'no'}" for name, there in found["extras"].items())
    out.append(f"extras     {extras}")
    return [*out, *(f"missing    {p['what']}  ->  {p['mend']}" for p in found["problems"])]


def _gigabytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 1e9:.1f} GB"
