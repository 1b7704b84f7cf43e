"""Which devices there are, how they are mounted, and what a model is told of them.

Knows: the built-in devices by name, third-party ones by entry point, and the texts written from what is mounted.
Does not know: what any device does, or how a call is marked in the stream (that is the dialect's).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path

from llmos.errors import UsageError

from .base import Closable, Device, DeviceError, one_line
from .calc import Calculator
from .clock import Clock
from .files import Files
from .library import Library
from .search import Page, Search

GROUP = "llmos.devices"  # entry points: name -> a callable that takes Settings and returns a Device


@dataclass(frozen=True)
class Settings:
    """What devices may use of the machine around them. Nothing reaches outside unless it is named here."""

    home: Path  # the files device's folder
    library: Path | None = None  # documents for search; None = the ones that come with llmos


def mounted(names: Iterable[str], settings: Settings) -> dict[str, Device]:
    """The named devices, in that order. Raises UsageError for a name nobody knows or a device that can't be mounted."""
    factories = _factories(settings)
    devices: dict[str, Device] = {}
    for name in names:
        if name not in factories:
            raise UsageError(f"no device {name!r}; there are: {' '.join(available())}")
        try:
            devices[name] = factories[name]()
        except DeviceError as error:
            close(devices)
            raise UsageError(f"{name} can't be mounted: {one_line(error)}") from None
    return devices


def available() -> list[str]:
    """Names that `mounted` knows: built-in ones first, then third-party ones."""
    return [*BUILT_IN, *sorted(point.name for point in entry_points(group=GROUP) if point.name not in BUILT_IN)]


def close(devices: Mapping[str, Device]) -> None:
    """Let go of processes, files and connections that devices hold."""
    for device in devices.values():
        if isinstance(device, Closable):
            device.close()


def instructions(devices: Mapping[str, Device]) -> str:
    """For a system span: what is mounted, a line each; "" when nothing is."""
    lines = [f"- {name}: {device.help}" for name, device in devices.items()]
    return "\n".join(["These devices are mounted:", *lines]) if lines else ""


def _factories(settings: Settings) -> dict[str, Callable[[], Device]]:
    """One callable for each name. Search and page share one library, opened when the first of them is mounted."""
    shelf: list[Library] = []

    def library() -> Library:
        if not shelf:
            shelf.append(open_library(settings.library))
        return shelf[0]

    built_in: dict[str, Callable[[], Device]] = {
        "calc": Calculator,
        "clock": Clock,
        "files": lambda: Files(settings.home),
        "search": lambda: Search(library()),
        "page": lambda: Page(library()),
    }
    others = {point.name: point for point in entry_points(group=GROUP)}
    return {name: (lambda p=point: p.load()(settings)) for name, point in others.items()} | built_in


BUILT_IN = ("calc", "clock", "files", "search", "page")


def open_library(folder: Path | None) -> Library:
    """A library in memory over `folder`, or over the documents that come with llmos."""
    library = Library()
    library.mount(folder if folder is not None else Path(str(resources.files("llmos") / "library")))
    return library
