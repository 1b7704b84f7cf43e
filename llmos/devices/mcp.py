"""Devices that live in another process: the tools of a Model Context Protocol server.

Knows: how a server is started, listed, called, and found dead; how a tool becomes a device. Does not know: the protocol
(the official SDK, version 2, speaks it) or the kernel. A server runs on an event loop in a thread of its own. When it
dies, calls in flight fail with a readable line, its devices are gone, and the next call starts it again. Needs the
extra `mcp`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from llmos.sandbox.cage import Cage, caged

from .base import Context, Deadline, DeviceError, Result, cut, one_line, whole

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import Tool

START = 30.0  # seconds a server may take to answer first: a busy machine starts a Python slowly
POLL = 0.02  # seconds between two looks at the cancel switch
MAX_TOOLS = 50  # of one server
T = TypeVar("T")


@dataclass(frozen=True)
class McpTool:
    """One tool of a server, as a device named "server.tool". Its arguments are a JSON object, or bare text if it takes one."""

    server: McpServer
    tool: str
    help: str
    schema: dict[str, Any]
    outside: bool = True

    @property
    def name(self) -> str:
        return f"{self.server.name}.{self.tool}"

    @property
    def usage(self) -> tuple[str, ...]:
        names = list(self.schema.get("properties", {}))
        return (json.dumps(dict.fromkeys(names, "...")) if names else "",)

    @property
    def grammar(self) -> str:
        return f"start: %json {json.dumps(self.schema)}\n" if self.schema.get("properties") else 'start: ""\n'

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError when the arguments don't fit, the tool fails, or the server is gone."""
        return Result(self.server.call(self.tool, _arguments(text, self.schema), ctx), f"mcp:{self.name}")

    def close(self) -> None:
        """Closes the server, for all its tools."""
        self.server.close()


class McpServer:
    """`target` is a command and its arguments (stdio), or a URL (streamable HTTP). `changed` is told when devices come or go.

    Owns the thread, and through it the connection and the server's process.
    """

    def __init__(self, name: str, target: Sequence[str] | str, changed: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.target = target
        self.changed = changed
        self.lock = threading.Lock()
        self.run: _Run | None = None
        self.closed = False

    def devices(self) -> dict[str, McpTool]:
        """What the server offers now; nothing when it is not running."""
        run = self.run
        tools = run.tools if run is not None and run.alive else []
        usable = [tool for tool in tools if re.fullmatch(r"[\w.-]{1,64}", tool.name, re.ASCII)]
        made = [McpTool(self, tool.name, _help(tool), dict(tool.input_schema)) for tool in usable]
        return {tool.name: tool for tool in made}

    def start(self) -> None:
        """Start the server unless it runs, and learn its tools. Raises DeviceError when it does not answer."""
        with self.lock:
            if self.run is not None and self.run.alive:
                return
            run = _Run(self.target, self.changed)
            self.run = run
        if not run.ready.wait(START):
            run.end()
            raise DeviceError(f"{self.name} does not answer")
        if not run.alive:
            raise DeviceError(f"{self.name} can't be started: {run.failure or 'it ended at once'}")

    def call(self, tool: str, arguments: dict[str, Any], ctx: Context) -> str:
        """One call of a tool; starts the server if it is down."""
        deadline = Deadline(ctx)
        self.start()
        run = self.run
        assert run is not None
        answer = run.wait(run.call(tool, arguments), deadline, self.name)
        text = "\n".join(_text(block) for block in answer.content)
        if answer.is_error:
            raise DeviceError(one_line(text) or f"{self.name}.{tool} failed")
        return cut(text) or "done"

    def close(self) -> None:
        with self.lock:
            self.closed = True
            run, self.run = self.run, None
        if run is not None:
            run.end()


class _Run:
    """One life of a server, from its start to its end."""

    def __init__(self, target: Sequence[str] | str, changed: Callable[[], None]) -> None:
        self.target = target
        self.changed = changed
        self.ready = threading.Event()
        self.alive = False
        self.failure = ""
        self.tools: list[Tool] = []
        self.client: Client | None = None
        self.relisting: asyncio.Future[None] | None = None
        self.loop = asyncio.new_event_loop()
        self.over = asyncio.Event()
        self.thread = threading.Thread(target=self._thread, daemon=True, name="mcp")
        self.thread.start()

    def end(self) -> None:
        """Tell the server to stop, and wait for it."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(START)

    def wait(self, work: Coroutine[Any, Any, T], deadline: Deadline, name: str) -> T:
        """The result of `work` on the server's loop. Raises DeviceError."""
        try:
            future: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        except RuntimeError:
            work.close()
            raise DeviceError(f"{name} is gone") from None
        while True:
            try:
                return future.result(timeout=POLL)
            except NotYet:
                if future.done() or not self.thread.is_alive():
                    raise DeviceError(f"{name} is gone") from None
                try:
                    deadline.check()
                except DeviceError:
                    future.cancel()
                    raise
            except asyncio.CancelledError:
                raise DeviceError(f"{name} went away during the call") from None
            except Exception as error:
                what = "went away during the call" if not self.alive else one_line(error)
                raise DeviceError(f"{name}: {what}") from None

    async def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        assert self.client is not None
        if tool not in {known.name for known in self.tools}:
            raise DeviceError(
                f"no tool {tool[:60]!r} here now; there are: {' '.join(known.name for known in self.tools)}"
            )
        return await self.client.call_tool(tool, arguments)

    def _thread(self) -> None:
        try:
            self.loop.run_until_complete(self._live())
        except BaseException as error:
            self.failure = self.failure or _innermost(error)
        finally:
            self.alive = False
            self.loop.close()
            self.ready.set()
            self.changed()

    async def _live(self) -> None:
        try:
            from mcp import Client

            logging.getLogger("mcp").addHandler(logging.NullHandler())  # its tracebacks are no line for a person
        except ImportError:
            self.failure = 'MCP needs an extra: pip install "llmos[mcp]"'
            return
        async with Client(_watched(self.target, self._died), message_handler=self._heard) as client:
            self.client = client
            await self._list()
            self.alive = True
            self.ready.set()
            self.changed()
            listening = asyncio.ensure_future(self._listen())
            await self.over.wait()
            listening.cancel()

    def _died(self) -> None:
        self.alive = False
        self.over.set()

    async def _listen(self) -> None:
        """List the tools again whenever the server says that they have changed. Older servers tell `_heard` instead."""
        assert self.client is not None
        with suppress(Exception):
            async with self.client.listen(tools_list_changed=True) as events:
                async for _ in events:
                    await self._list()
                    self.changed()

    async def _heard(self, message: Any) -> None:
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            self.relisting = asyncio.ensure_future(self._list())
            self.relisting.add_done_callback(
                lambda done: None if done.cancelled() or done.exception() else self.changed()
            )

    async def _list(self) -> None:
        assert self.client is not None
        answer = await self.client.list_tools(cache_mode="bypass")
        self.tools = list(answer.tools)[:MAX_TOOLS]


@asynccontextmanager
async def _watched(target: Sequence[str] | str, died: Callable[[], None]) -> AsyncIterator[Any]:
    """The SDK's transport to a server, with `died` called when nothing more can come from it."""
    import anyio
    from mcp import StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client

    with open(os.devnull, "w", encoding="utf-8") as silence, tempfile.TemporaryDirectory(prefix="llmos-mcp-") as folder:
        if isinstance(target, str):
            transport: Any = streamable_http_client(target)
        else:
            (program, *args), environment = caged(target, _cage(target, Path(folder)))
            started = StdioServerParameters(command=program, args=args, env=environment, cwd=folder)
            transport = stdio_client(started, errlog=silence)
        async with transport as (incoming, outgoing):
            inlet, outlet = anyio.create_memory_object_stream[Any](0)

            async def pump() -> None:
                async with inlet:
                    async for message in incoming:
                        await inlet.send(message)
                died()

            async with anyio.create_task_group() as group:
                group.start_soon(pump)
                yield outlet, outgoing
                group.cancel_scope.cancel()


def _cage(command: Sequence[str], folder: Path) -> Cage:
    """A local server may read what its command names, write into a folder of its own, and has no network."""
    named = [Path(part).resolve() for part in command if Path(part).exists()]
    readable = tuple(path if path.is_dir() else path.parent for path in named)
    return Cage(folder, readable, processor_seconds=3600, memory=4 << 30, processes=64)


def _arguments(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON object as it is; other text as the value of the only, or only required, property."""
    text = whole(text.strip())
    if text.startswith("{"):
        try:
            value: dict[str, Any] = json.loads(text)
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # what can't be sent would end the server
        except (ValueError, RecursionError):
            raise DeviceError("the arguments are no JSON object") from None
        return value
    names = list(schema.get("required") or schema.get("properties") or {})
    if not text:
        return {}
    if len(names) != 1:
        raise DeviceError(f"write the arguments as a JSON object with: {' '.join(schema.get('properties', {}))}")
    kind = schema.get("properties", {}).get(names[0], {}).get("type")
    try:
        bare = text if kind == "string" else json.loads(text)
        json.dumps(bare, allow_nan=False)
        return {names[0]: bare}
    except (ValueError, RecursionError):
        return {names[0]: text}


def _help(tool: Tool) -> str:
    return one_line(tool.description or tool.title or tool.name, 120)


def _text(block: Any) -> str:
    return block.text if block.type == "text" else f"[{block.type}]"


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return one_line(error) or type(error).__name__
