"""The room in a browser: a real one, without a window, drives and watches one machine."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from llmos import cli, sessions
from llmos.client import Client
from llmos.options import SYSTEM, Options
from llmos.status import MachineView
from tests.watching import Watch

aiohttp = pytest.importorskip("aiohttp", reason="needs llmos[serve]")
pytest.importorskip("textual_serve", reason="needs llmos[serve]")
from aiohttp import web  # noqa: E402

from llmos.web import Door, application  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
)  # fmt: skip


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Door, str, Path]]:
    """A machine, and its pages: (door, address, the machine's socket)."""
    address = sessions.start(Options(model="scripted", init=("sh", SYSTEM), devices=("calc",)), 0.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    door, where = Door(), f"http://127.0.0.1:{port}"
    await asyncio.to_thread(sessions.wait_until_up, address)
    runner = web.AppRunner(application(address.stem, door, where))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield door, where, address
    finally:
        await runner.cleanup()
        await asyncio.to_thread(sessions.stop, address)


async def test_nothing_opens_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_HOME", mkdtemp(prefix="llmos-"))
    async with served() as (door, where, _), _stranger() as stranger:
        for path in ("/", "/ws", "/static/js/textual.js", "/?key=wrong", "/download/x"):
            async with stranger.get(where + path) as answer:
                assert answer.status == 403, path
        async with stranger.get(f"{where}/?key={door.watch}") as answer:
            assert answer.status == 200
            assert door.watch not in str(answer.url)
        async with stranger.get(f"{where}/?key={door.watch}", allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie


def test_an_interrupt_ends_the_screens_too_and_says_nothing_but_where_the_journal_is() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = [sys.executable, "-m", "llmos", "serve", "--model", "scripted", "--port", port]
    environment = {**os.environ, "LLMOS_HOME": mkdtemp(prefix="llmos-"), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert server.stdout
    _, (_, address) = server.stdout.readline(), server.stdout.readline().split()

    async def watch() -> None:
        async with _stranger() as browser, browser.get(address):
            socket = await browser.ws_connect(f"http://127.0.0.1:{port}/ws")
            while (await socket.receive(timeout=60)).type is not aiohttp.WSMsgType.BINARY:
                pass
            server.send_signal(signal.SIGINT)
            while (await socket.receive(timeout=60)).type is not aiohttp.WSMsgType.CLOSE:
                pass

    asyncio.run(watch())
    out, err = server.communicate(timeout=60)
    assert (server.returncode, err) == (0, "")
    assert out.startswith("saved ")


def test_a_second_interrupt_is_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The library takes the first, and lets through what it makes of one that comes while it closes."""

    def closing(*args: Any, **options: Any) -> None:
        raise web.GracefulExit

    monkeypatch.setattr(web, "run_app", closing)
    monkeypatch.setattr(sessions, "find", Path)
    monkeypatch.setattr(sys, "argv", ["llmos", "serve", "some"])
    with pytest.raises(SystemExit) as status:
        cli.main()
    assert (status.value.code, capsys.readouterr().err) == (130, "llmos: interrupted\n")


def _stranger() -> Any:
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))  # keeps those of 127.0.0.1 too


class Browser:
    """Chromium without a window, spoken to by its debugging protocol."""

    def __init__(self, talk: Any) -> None:
        self.talk, self.number = talk, 0

    async def ask(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        await self.talk.send_json({**message, "sessionId": session} if session else message)
        while True:
            answer: dict[str, Any] = await self.talk.receive_json(timeout=60)
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, url: str) -> str:
        """A page in a profile of its own, with cookies of its own."""
        profile = await self.ask("Target.createBrowserContext")
        target = await self.ask(
            "Target.createTarget", url=url, browserContextId=profile["browserContextId"], width=1200, height=800
        )
        joined = await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = str(joined["sessionId"])
        await self.ask("Emulation.setFocusEmulationEnabled", page, enabled=True)
        return page

    async def focus(self, page: str) -> None:
        """The keyboard to the terminal in the page, as a click into it gives it; in the room the console has the keys."""
        script = "document.querySelector('.xterm-helper-textarea').focus()"
        await self.ask("Runtime.evaluate", page, expression=script)

    async def type(self, page: str, text: str) -> None:
        for char in text:
            key = (
                {"key": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}
                if char == "\r"
                else {"key": char, "text": char}
            )
            await self.ask("Input.dispatchKeyEvent", page, type="keyDown", **key)
            await self.ask("Input.dispatchKeyEvent", page, type="keyUp", key=key["key"])


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    assert CHROMIUM
    profile = mkdtemp(prefix="llmos-browser-")
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr
    try:
        while not (found := re.search(rb"listening on (ws://\S+)", await process.stderr.readline())):
            assert process.returncode is None
        async with aiohttp.ClientSession() as session, session.ws_connect(found[1].decode(), max_msg_size=0) as talk:
            yield Browser(talk)
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(profile, ignore_errors=True)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
async def test_one_browser_drives_and_another_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_HOME", mkdtemp(prefix="llmos-"))
    async with served() as (door, where, address), browser() as chromium:
        watch, client = Watch(), Client(address, drive=False)
        client.start(watch)

        async def until(good: Callable[[MachineView], bool]) -> MachineView:
            return await asyncio.to_thread(watch.until, good)

        await until(lambda v: v.mode == "LIVE")
        viewer = await chromium.open(f"{where}/?key={door.watch}")
        driver = await chromium.open(f"{where}/?key={door.drive}")
        for page in (viewer, driver):
            await _drawn(chromium, page)
            await chromium.focus(page)
        await chromium.type(viewer, "watched\r")
        await chromium.type(driver, "what is 6*7?\r")
        view = await until(lambda v: "42" in "".join(r.text for r in v.console))
        said = "".join(run.text for run in view.console if run.who == "u")
        assert "what is 6*7?" in said
        assert "watched" not in said
        client.close()


async def _drawn(chromium: Browser, page: str) -> None:
    """Until the first picture has come over the page's socket."""
    script = "document.querySelector('.-first-byte') !== null"
    for _ in range(300):
        answer = await chromium.ask("Runtime.evaluate", page, expression=script)
        if answer["result"].get("value"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the page stays empty")
