"""Which devices there are, how they are mounted, and what a model is told of them.

Knows: the built-in devices by name, third-party ones by entry point, and the texts written from what is mounted.
Does not know: what any device does, or how a call is marked in the stream (that is the dialect's).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path

from llmos.errors import UsageError

from .base import Closable, Device, DeviceError, one_line
from .browser import Browser
from .calc import Calculator
from .clock import Clock
from .files import Files
from .kernelcalls import Exit, Send, Shell, Sleep, Spawn
from .library import Library
from .llm import RemoteModel
from .mcp import McpServer
from .plot import Plot
from .python import Python
from .search import Page, PageOut, Search

RESTARTS = (0.2, 1.0, 5.0)  # seconds before each try to start a dead server again
GROUP = "llmos.devices"  # entry points: name -> a callable that takes Settings and returns a Device
CORE = ("calc", "clock", "files", "search", "page", "python", "plot", "browser")
BUILT_IN = (*CORE, "shell", "send", "spawn", "sleep", "exit", "llm", "mcp")


@dataclass(frozen=True)
class Settings:
    """What devices may use of the machine around them. Nothing reaches outside unless it is named here."""

    home: Path  # the files device's folder
    mail: Path | None = None  # the folder of people's mailboxes; None = there are none
    disk: Path | None = None  # the retrieval disk's file, used when it is there and no `library` is named
    library: Path | None = None  # documents for search and browser; None = the ones that come with llmos
    hosts: tuple[str, ...] = ()  # the browser may use the network for these: "host" or "host:port"
    servers: tuple[tuple[str, tuple[str, ...] | str], ...] = ()  # MCP: (name, command and arguments, or URL)
    llm_url: str = ""  # root of an OpenAI-compatible API, such as "http://127.0.0.1:8080/v1"; "" = off
    llm_model: str = "default"
    llm_key: str = ""
    plug: Callable[[str, dict[str, Device]], None] = lambda server, tools: None  # told when a server's tools change
    pretend: bool = False  # in an evaluation `spawn` and `send` are recorded and succeed

    @property
    def documents(self) -> Path:
        """The folder that is mounted as the disk."""
        return self.library if self.library is not None else Path(str(resources.files("llmos") / "library"))


def mounted(names: Iterable[str], settings: Settings) -> dict[str, Device]:
    """The named devices, in that order; "mcp" stands for every tool of every configured server.

    Raises UsageError for a name nobody knows or a device that can't be mounted.
    """
    factories = _factories(settings)
    devices: dict[str, Device] = {}
    for name in names:
        if name not in factories:
            close(devices)
            raise UsageError(f"no device {name!r}; there are: {' '.join(available())}")
        try:
            devices |= factories[name]()
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


HOW = """To use one, write a call and stop, such as
<tool_call>
{"name": "NAME", "arguments": {"text": "ARGUMENTS"}}
</tool_call>
You then get its result in <tool_response></tool_response>. Without need, answer at once."""


def hermes_instructions(devices: Mapping[str, Device]) -> str:
    """The same for a model that writes calls as text: what is mounted, and how a call is written."""
    return f"{instructions(devices)}\n{HOW}" if devices else ""


def grammar(devices: Mapping[str, Device]) -> str:
    """One llguidance Lark grammar for every legal call, "NAME ARGS", of the mounted devices. At least one is needed."""
    calls: list[str] = []
    rules: list[str] = []
    for number, (name, device) in enumerate(devices.items()):
        calls.append(f'"{name} " d{number}_start')
        rules.append(_renamed(device.grammar, f"d{number}_"))
    return "\n".join([f"start: {' | '.join(calls)}", *rules])


HERMES = r"""
start: "\n"? "{\"name\": \"" NAME "\", \"arguments\": {\"text\": \"" TEXT "\"}}" "\n"? "</tool_call>"
TEXT: /([^"\\\x00-\x1f]|\\["\\nt\/]){0,800}/
"""


def hermes_grammar(devices: Mapping[str, Device]) -> str:
    """The same for calls written as JSON between <tool_call> tags: legal names, and arguments as one text."""
    names = " | ".join(f'"{name}"' for name in devices)
    return f"{HERMES}NAME: {names}\n"


def _renamed(lark: str, prefix: str) -> str:
    """The rules of a grammar under names of their own. What stands in quotes, slashes or a JSON schema stays as it is."""
    names = set(re.findall(r"^([A-Za-z_]\w*)\s*:", lark, re.MULTILINE))

    def rename(match: re.Match[str]) -> str:
        name = match[0]
        return (prefix.upper() if name.isupper() else prefix) + name if name in names else name

    return re.sub(r'"(?:\\.|[^"\\\n])*"|/(?:\\.|[^/\\\n])+/|[A-Za-z_]\w*', rename, lark)


def _factories(settings: Settings) -> dict[str, Callable[[], dict[str, Device]]]:
    """What each name mounts. Search and page share one library, opened when the first of them is mounted."""
    shelf: list[Library] = []

    def library() -> Library:
        if not shelf:
            mounted = settings.library is None and settings.disk is not None and settings.disk.exists()
            shelf.append(Library(settings.disk if mounted and settings.disk else ":memory:"))
            shelf[0].mount(settings.documents)
        return shelf[0]

    built_in: dict[str, Callable[[], Device]] = {
        "calc": Calculator,
        "clock": Clock,
        "files": lambda: Files(settings.home),
        "search": lambda: Search(library()),
        "page": lambda: Page(library()),
        "disk": lambda: PageOut(library()),
        "python": Python,
        "plot": lambda: Plot(settings.home),
        "browser": lambda: Browser((settings.home, settings.documents), settings.hosts),
        "spawn": lambda: Spawn(settings.pretend),
        "send": lambda: Send(settings.pretend, settings.mail),
        "shell": lambda: Shell(settings.pretend),
        "sleep": lambda: Sleep(settings.pretend),
        "exit": lambda: Exit(settings.pretend),
        "llm": lambda: _remote(settings),
    }
    others = {point.name: (lambda point=point: point.load()(settings)) for point in entry_points(group=GROUP)}
    one = {name: (lambda name=name, make=make: {name: make()}) for name, make in (others | built_in).items()}
    return one | {"mcp": lambda: _tools(settings)}


def _replugged(server: McpServer, settings: Settings) -> None:
    """A server's tools came or went: tell the machine, and start a server that died again."""
    tools = server.devices()
    settings.plug(server.name, {tool.name: tool for tool in tools.values()})
    if server.run is not None and not server.run.alive and not server.closed:
        threading.Thread(target=_restart, args=(server,), daemon=True, name=f"restart-{server.name}").start()


def _restart(server: McpServer) -> None:
    """A few tries, each after a longer pause; then it stays away until it is called."""
    for pause in RESTARTS:
        time.sleep(pause)
        if server.closed:
            return
        with suppress(DeviceError):
            server.start()
            return


def _remote(settings: Settings) -> Device:
    if not settings.llm_url:
        raise DeviceError("no model server is configured")
    return RemoteModel(settings.llm_url, settings.llm_model, settings.llm_key)


def _tools(settings: Settings) -> dict[str, Device]:
    """The tools of every configured server, under "server.tool"."""
    if not settings.servers:
        raise DeviceError("no server is configured")
    devices: dict[str, Device] = {}
    for name, target in settings.servers:
        server = McpServer(name, target)
        server.changed = partial(_replugged, server, settings)
        try:
            server.start()
        except DeviceError:
            server.close()
            close(devices)
            raise
        devices |= {tool.name: tool for tool in server.devices().values()}
    return devices
