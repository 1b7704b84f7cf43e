"""The machine room in a browser: one machine, one who drives, any number who watch.

Knows: two secrets, a page, and which screen a browser gets. Does not know: the machine. Each browser's screen is a process
of its own, `llmos attach`, over the machine's socket. It listens on the loopback interface unless told otherwise. Without a
secret there is no page at all; the cookie it is kept in is never sent from another site's page.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import shlex
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .errors import LlmosError, UsageError

if TYPE_CHECKING:
    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "llmos"
CLOSING = 10.0  # seconds until screens that do not end are left
LOCAL = ("127.0.0.1", "::1", "localhost")


class Door:
    """Which secret opens what. Two long random words, new for every `serve`."""

    def __init__(self) -> None:
        self.drive, self.watch = secrets.token_urlsafe(24), secrets.token_urlsafe(24)

    def role(self, word: str) -> str:
        """ "drive", "watch" or "" """
        known = {"drive": self.drive, "watch": self.watch}
        return next((role for role, secret in known.items() if hmac.compare_digest(word.encode(), secret.encode())), "")


def check() -> None:
    """Raises UsageError where the extra is not installed."""
    if find_spec("textual_serve") is None:
        raise UsageError('llmos serve needs one more package: pip install "llmos[serve]"')


def serve(machine: str, host: str, port: int, say: Callable[[str], None] = print) -> None:
    """Serve the machine of that name until interrupted; a second interrupt does not wait for the screens to end.
    Raises LlmosError, KeyboardInterrupt."""
    from aiohttp import web

    door = Door()
    where = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def announce(_: str) -> None:
        say(f"drive  {where}/?key={door.drive}")
        say(f"watch  {where}/?key={door.watch}")
        if host not in LOCAL:
            say("Everybody who can reach this address and has a key gets in, and nothing on the way is encrypted.")

    try:
        web.run_app(application(machine, door, where), host=host, port=port, print=announce, access_log=None)
    except OSError as e:
        raise LlmosError(f"can't listen on {host} port {port}: {e.strerror}") from None
    except web.GracefulExit:  # the library has caught the first one
        raise KeyboardInterrupt from None


class Screens:
    """Those that browsers have open."""

    def __init__(self) -> None:
        self._open: set[asyncio.Task[web.StreamResponse]] = set()

    async def opened(self, screen: Coroutine[Any, Any, web.StreamResponse]) -> web.StreamResponse:
        """One more, until its browser leaves."""
        task = asyncio.ensure_future(screen)
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return await task

    async def close(self, _: web.Application) -> None:
        """The screens' processes end before the loop that reads from them does."""
        for screen in self._open:
            screen.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=CLOSING)
        for thread in threading.enumerate():
            if thread.name.startswith("asyncio-waitpid"):  # one waits for each process, and tells the loop
                await asyncio.to_thread(thread.join, CLOSING)


def application(machine: str, door: Door, where: str) -> web.Application:
    """The pages: a terminal in a page, the socket behind it, and what the page is made of."""
    import aiohttp_jinja2
    import jinja2
    from aiohttp import web
    from textual_serve.server import Server

    attach = shlex.join([sys.executable, "-m", "llmos", "attach", machine])
    servers = {
        role: Server(f"{attach}{extra}", title=f"llmos {machine}", public_url=where)
        for role, extra in (("drive", ""), ("watch", " --watch"))
    }

    def role(request: web.Request) -> str:
        return door.role(request.query.get("key") or request.cookies.get(COOKIE, ""))

    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not role(request):
            raise web.HTTPForbidden(text="This machine opens with a key that `llmos serve` has printed.")
        if key := request.query.get("key"):  # into a cookie, and out of the address line
            clean = web.HTTPSeeOther(request.path)
            clean.set_cookie(COOKIE, key, httponly=True, samesite="Strict", path="/")
            raise clean
        return await handler(request)

    async def index(request: web.Request) -> web.StreamResponse:
        page: web.StreamResponse = await servers[role(request)].handle_index(request)
        return page

    screens = Screens()

    async def terminal(request: web.Request) -> web.StreamResponse:
        return await screens.opened(servers[role(request)].handle_websocket(request))

    app = web.Application(middlewares=[web.middleware(gate)])
    app.on_shutdown.append(screens.close)
    server = servers["watch"]
    aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(server.templates_path))
    app.add_routes(
        [
            web.get("/", index, name="index"),
            web.get("/ws", terminal, name="websocket"),
            web.static("/static", server.statics_path, name="static"),
        ]
    )
    return app
