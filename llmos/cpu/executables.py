"""Compiled programs on disk: a boot loads them in a tenth of the time that tracing and lowering them again takes.

Knows: what a program depends on (the sources of this package, the versions, the processor, XLA's flags, the sizes of the
engine), and how a file is checked and written. Does not know: what a program computes (`programs.py`). JAX's own cache can be
asked only after a program has been traced and lowered, which is what takes the time; and what that cache gives can't be
written again (functions are missing when it is loaded, jaxlib 0.10), so nothing is written where a person switched it on.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
from jax.experimental.serialize_executable import deserialize_and_load, serialize

from llmos import hardware, paths

KEPT = 32
"""Folders, one an engine's sizes; the least recently used goes first. SmolLM2's 16 shapes have 8 MB."""


class Executables:
    """The programs of one engine on the first device, in a folder of their own. Owns no state but the folder."""

    def __init__(self, *sizes: Any) -> None:
        """`sizes` is all that shapes a program beside sources, versions and machine; its `repr` must say it."""
        self._folder = paths.cache() / "programs" / _key(sizes)
        with suppress(OSError):
            os.utime(self._folder)

    def has(self, name: str) -> bool:
        """Is there a file for it? It may still turn out to be damaged."""
        return self._path(name).exists()

    def get(self, name: str, compiled: Callable[[], Any]) -> Any:
        """The program of that name: from its file, or from `compiled`, and then into its file."""
        found = self._load(name)
        if found is None:
            found = compiled()
            if getattr(jax.config, "jax_compilation_cache_dir", None):
                return found
            with suppress(OSError):  # a full or read-only disk costs time, nothing else
                self._save(name, pickle.dumps(serialize(found)))
        return found

    def _load(self, name: str) -> Any:
        """None when there is no file, when it is another's or not whole, or when this JAX can't use it."""
        try:
            data = _read(self._path(name))
            if hashlib.sha256(data[32:]).digest() != data[:32]:
                return None
            program, taken, given = pickle.loads(data[32:])
            return deserialize_and_load(program, taken, given, execution_devices=jax.devices()[:1])
        except Exception:  # whatever is wrong with it, the program can be compiled
            return None

    def _save(self, name: str, data: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            part.touch(0o600)
            part.write_bytes(hashlib.sha256(data).digest() + data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        for old in sorted(self._folder.parent.iterdir(), key=lambda p: p.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.program"


def _read(path: Path) -> bytes:
    """A file that nobody but this user can have written: loading a program is running it. OSError when it is another's."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
        found = os.fstat(file.fileno())
        if found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise PermissionError(f"{path} may be another user's")
        return file.read()


def _key(sizes: tuple[Any, ...]) -> str:
    device = jax.devices()[0]
    versions = (jax.__version__, version("jaxlib"), device.platform, device.device_kind, os.environ.get("XLA_FLAGS"))
    machine = (hardware.processor(), hardware.cores())  # XLA cuts work into as many parts as it has cores
    digest = hashlib.sha256(repr((versions, machine, sizes)).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:32]
