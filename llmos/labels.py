"""Labels of the home folder's files, kept from one boot to the next in a small file beside the folder.

Knows: that file, written whole and atomically. Does not know: who labels what (`llmos_kernel.guard`). It lies outside the
folder, where no process can write. A file without a label is data of its own origin, so what is lost makes nothing trusted;
but who may read it would be forgotten: so a damaged file is an error and not an empty one.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

from llmos_kernel.labels import Label, Ring

from .errors import LlmosError

Parts = tuple[str, ...]


class LabelStore:
    """The labels of one home folder. Several machines may use it: each adds what it changed."""

    def __init__(self, home: Path) -> None:
        self.path = home.with_name(home.name + ".labels.json")
        self.seen: Mapping[Parts, Label] = {}  # what the machine had when it was last asked

    def text(self) -> str:
        """What is kept, as the kernel's configuration takes it; "" for nothing. Raises LlmosError when it is damaged."""
        kept = self._read()
        return json.dumps(kept) if kept else ""

    def keep(self, disk: Mapping[Parts, Label]) -> None:
        """Write down what is different from the last time. Cheap when nothing is."""
        if disk is self.seen:
            return
        changed = {"/".join(path): plain(label) for path, label in disk.items() if self.seen.get(path) != label}
        self.seen = disk
        if not changed:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fresh = self.path.with_suffix(".new")
            with fresh.open("w", encoding="utf-8") as file:
                json.dump({**self._read(), **changed}, file, ensure_ascii=True)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self.path)

    def _read(self) -> dict[str, object]:
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise LlmosError(f"{self.path}: can't be read, so it is not known who may read which file") from None
        if not isinstance(kept, dict):
            raise LlmosError(f"{self.path}: holds no labels")
        return kept


def plain(label: Label) -> dict[str, object]:
    return {"ring": Ring(label.ring).name.lower(), "readers": list(label.readers), "origin": list(label.origin)}
