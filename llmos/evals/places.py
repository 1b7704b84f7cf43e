"""A place of its own for every line of an evaluation: its files, its library, its time of day.

Knows: the `setup` of a line and which process belongs to it. Does not know: what is asked or expected. Processes share a
CPU and nothing else, as users of one computer do: each call goes to the devices of the line its caller belongs to.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from llmos.devices import registry
from llmos.devices.base import Context, Device, DeviceError, Result
from llmos.devices.home import split
from llmos.world import HostWorld
from llmos_kernel.ports import Request

MAX_FILES = 1000  # of one line's setup


class Places(HostWorld):
    """A world in which each process has devices of its own, made when it first calls one."""

    def __init__(self, names: Sequence[str], setups: Sequence[dict[str, Any]], folder: Path) -> None:
        super().__init__(dict.fromkeys(names, _Nowhere()))
        self.names, self.setups, self.folder = tuple(names), setups, folder
        self.lines: dict[int, int] = {}  # pid -> number of its line
        self.made: dict[int, dict[str, Device]] = {}
        self.lock = threading.Lock()

    def belongs(self, pid: int, line: int) -> None:
        self.lines[pid] = line

    def device(self, request: Request) -> Device:
        line = self.lines[request.pid]
        with self.lock:
            if line not in self.made:
                self.made[line] = furnished(self.names, self.setups[line], self.folder / str(line))
        return self.made[line][request.device]

    def context_of(self, request: Request) -> Context:
        now = moment(self.setups[self.lines[request.pid]])
        return super().context_of(request) if now is None else Context(now=lambda: now, caller=request.pid)

    def leave(self, pid: int) -> None:
        """The line is done: its devices let go of what they hold."""
        registry.close(self.made.pop(self.lines[pid], {}))

    def close(self) -> None:
        super().close()
        for devices in self.made.values():
            registry.close(devices)


class _Nowhere:
    """Stands for a device in the list of names; a call goes to the caller's own."""

    name, help, usage, grammar, outside = "", "", (), "", False

    def call(self, text: str, ctx: Context) -> Result:
        raise DeviceError("this device belongs to nobody")


def moment(setup: dict[str, Any]) -> datetime | None:
    """The time at which a line's clock is pinned, in the machine's own zone where none is given."""
    if not setup.get("now"):
        return None
    return datetime.fromisoformat(str(setup["now"])).astimezone()


def furnished(names: Sequence[str], setup: dict[str, Any], folder: Path) -> dict[str, Device]:
    """The devices of one line, with its files in place."""
    home, shelf = folder / "home", folder / "library"
    home.mkdir(parents=True)
    for path, text in list((setup.get("files") or {}).items())[:MAX_FILES]:
        _put(home, str(path), str(text))
    documents = setup.get("library")
    if documents is not None:
        shelf.mkdir()
        for number, document in enumerate(documents[:MAX_FILES]):
            title = " ".join(str(document.get("title", "")).split()) or "untitled"
            text = f"# {title}\n\n{document.get('text', '')}\n"
            (shelf / f"{number:04}.md").write_text(text, encoding="utf-8", errors="replace")
    settings = registry.Settings(home=home, library=shelf if documents is not None else None, pretend=True)
    return registry.mounted(names, settings)


def _put(home: Path, path: str, text: str) -> None:
    """A file of the setup; one that would lie outside the home, or can't be made, is left out."""
    with suppress(DeviceError, OSError):
        if parts := split(path):
            target = home.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", errors="replace")


@contextmanager
def places(names: Sequence[str], setups: Sequence[dict[str, Any]]) -> Iterator[Places]:
    """Places in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="llmos-eval-") as folder:
        world = Places(names, setups, Path(folder))
        try:
            yield world
        finally:
            world.close()
