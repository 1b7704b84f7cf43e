"""A machine and its screens in different processes: the wire, who drives, and what is left when one of them dies."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos import journal, sessions, wire
from llmos.client import Client, _lost
from llmos.options import SYSTEM, Options
from llmos.recording import events
from llmos.server import LONELY, Seat, Server, from_text, to_text
from llmos.status import VERBS, Line, MachineView
from llmos.tui.text import clip
from tests.tui import stills
from tests.watching import SECONDS, Watch


@pytest.mark.parametrize("make", [stills.boot_view, stills.busy_view, stills.two_views])
def test_a_view_comes_out_as_it_went_in(make: Callable[[], MachineView]) -> None:
    view = make()
    assert wire.unpack(wire.pack(view)) == view


def applied(old: Any, new: Any) -> Any:
    """`new`, as it arrives where `old` is known."""
    return wire.changed(old, wire.unpack(wire.pack(wire.changes(old, new))))


def test_only_what_changed_travels() -> None:
    view = stills.busy_view()
    lines = tuple(Line(i, f"line {i}") for i in range(400))
    before, after = (
        replace(view, log=lines),
        replace(view, rate=3.0, log=(*lines[2:], Line(400, "new"), Line(401, "newer"))),
    )
    assert set(wire.changes(before, after).news) == {"rate", "log"}
    assert len(wire.pack(wire.changes(before, after))) < 100
    assert applied(before, after) == after
    assert applied(view, view) == view
    alone = replace(stills.two_views(), other=None)
    assert applied(alone, stills.two_views()) == stills.two_views()
    assert applied(stills.two_views(), alone) == alone


def test_a_type_without_a_number_is_no_silent_text() -> None:
    with pytest.raises(TypeError, match="Options"):
        wire.pack(Options())


NESTED = st.recursive(
    st.integers(0, 3) | st.text("ab", max_size=4), lambda inner: st.lists(inner, max_size=9).map(tuple)
)


@given(NESTED, NESTED, st.integers(0, 9))
def test_any_change_arrives(old: Any, new: Any, gone: int) -> None:
    assert applied(old, new) == new
    if isinstance(old, tuple):
        moved = (*old[gone:], new)
        assert applied(old, moved) == moved
    if isinstance(old, str) and isinstance(new, str):
        assert applied(old, old + new) == old + new


@given(st.binary(max_size=60))
def test_garbage_is_refused(data: bytes) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(wire.PREFIX.pack(len(data)) + data)
        one.shutdown(socket.SHUT_WR)
        try:
            message = wire.receive(other)
        except wire.Garbled:
            return
    assert message is None or isinstance(message[0], str)


def test_a_message_that_is_too_long_is_not_read() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(wire.PREFIX.pack(wire.MOST + 1))
        with pytest.raises(wire.Garbled):
            wire.receive(other)


def test_options_survive_a_command_line(tmp_path: Path) -> None:
    options = Options(model="nano", init=("sh", SYSTEM), now=stills.NOON, home=tmp_path, servers=(("a", ("b", "c")),))
    assert from_text(to_text(options)) == options


def _serve(path: Path, view: MachineView | None = None) -> tuple[stills.Still, Server, threading.Thread]:
    panel = stills.Still(view or stills.busy_view())
    server = Server(panel, path)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    return panel, server, thread


def test_one_drives_and_the_others_watch() -> None:
    panel, server, thread = _serve(Path(mkdtemp()) / "1.sock")
    asked = threading.Semaphore(0)
    panel.command = lambda verb, *args: (panel.asked.append((verb, *args)), asked.release())[1]  # type: ignore[method-assign]
    first, second, third = Watch(), Watch(), Watch()
    driver, heir, guest = Client(server.path, ends=True), Client(server.path), Client(server.path, drive=False)
    driver.start(first)
    first.until(lambda v: v.snapshot.tick > 0)
    heir.start(second)
    guest.start(third)
    assert second.until(lambda v: v.role == "watching" and v.snapshot.tick > 0).snapshot == panel.view.snapshot
    third.until(lambda v: v.role == "watching" and v.snapshot.tick > 0)
    heir.command("pause")
    guest.command("pause")
    assert "watching" in second.view.notice
    driver.command("step", "token")
    assert asked.acquire(timeout=SECONDS)
    assert panel.asked == [("step", "token")]
    driver.close(leave=True)
    second.until(lambda v: v.role == "")
    heir.command("run")
    assert asked.acquire(timeout=SECONDS)
    assert panel.asked[-1] == ("run",)
    assert "goes on" in heir.close()
    sessions.stop(server.path)
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert not server.path.exists()


@pytest.mark.parametrize("drive", [True, False])
def test_a_sheet_that_was_closed_does_not_open_on_a_screen_that_attaches(drive: bool) -> None:
    looked = stills.inspected_view("choice")
    assert looked.inspection is not None
    panel, server, thread = _serve(Path(mkdtemp()) / "1.sock", looked)
    watch, client = Watch(), Client(server.path, drive=drive)
    client.start(watch)
    assert watch.until(lambda v: v.snapshot.tick > 0).inspection is None
    panel.post(replace(looked, rate=1.0))
    assert watch.until(lambda v: v.rate == 1.0).inspection is None
    panel.post(replace(looked, inspection=replace(looked.inspection, number=looked.inspection.number + 1)))
    assert watch.until(lambda v: v.inspection is not None).inspection != looked.inspection
    client.close(leave=True)
    sessions.stop(server.path)
    thread.join(SECONDS)


def test_what_is_asked_before_it_listens_is_kept_and_closing_ends_it() -> None:
    path, watch = Path(mkdtemp()) / "1.sock", Watch()
    client = Client(path, ends=True)
    client.say("early")
    client.start(watch)
    panel, _, thread = _serve(path)
    watch.until(lambda v: v.snapshot.tick > 0)
    client.close()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert panel.asked[0] == ("say", "early")


def test_a_process_that_ends_before_it_listens_is_not_waited_for() -> None:
    watch, client = Watch(), Client(Path(mkdtemp()) / "1.sock", ends=True, alive=lambda: False)
    client.start(watch)
    assert "did not come up" in watch.until(lambda v: v.mode == "HALTED").problem


def test_what_a_screen_said_before_it_closed_is_heard_though_nothing_can_be_sent_to_it() -> None:
    for _ in range(20):
        server = Server(stills.Still(stills.busy_view()), Path("unused"), lonely=0.0)
        here, there = socket.socketpair()
        wire.send(there, wire.HELLO, True)
        wire.send(there, wire.DETACH)
        there.close()
        seat = Seat(server, here)
        server.seats.append(seat)
        seat.show(stills.busy_view())
        seat.start()
        seat._reader.join(SECONDS)
        assert not seat._reader.is_alive()
        assert (server.lonely, server.seats, here.fileno()) == (LONELY, [], -1)


def test_a_machine_outlives_a_screen_that_detached_and_not_for_long_one_that_vanished() -> None:
    _, server, thread = _serve(Path(mkdtemp()) / "1.sock")
    first, second = Watch(), Watch()
    leaver, heir = Client(server.path, ends=True), Client(server.path)
    leaver.start(first)
    first.until(lambda v: v.snapshot.tick > 0)
    heir.start(second)
    second.until(lambda v: v.role == "watching" and v.snapshot.tick > 0)
    server.lonely = 0.0
    assert "goes on" in leaver.close(leave=True)
    second.until(lambda v: v.role == "")
    assert server.lonely == LONELY
    server.lonely = 0.0
    assert heir._connection is not None
    heir._connection.shutdown(socket.SHUT_RDWR)
    thread.join(SECONDS)
    assert not thread.is_alive()


class Standing:
    """A room without its thread as a panel: what is asked is done at once and shown, so that two of them stay alike."""

    first_mode = "LIVE"

    def __init__(self) -> None:
        self.room = stills.standing()
        self.post: Callable[[MachineView], None] = lambda view: None
        stills.say(self.room, "what is 37*48?")
        self.command("spawn", "demo")
        stills.ticks(self.room, 40)

    def start(self, post: Callable[[MachineView], None]) -> None:
        self.post = post
        post(self.seen())

    def say(self, line: str) -> None:
        self.command("say", line)

    def command(self, verb: str, *args: str) -> None:
        self.room._queue.put((verb, *args))
        self.room._drain()
        self.post(self.seen())

    def seen(self) -> MachineView:
        return replace(stills.seen(self.room), journal="")

    def close(self, leave: bool = False) -> str:
        return "saved"


WALK: dict[str, tuple[str, ...]] = {
    "say": ("hello",), "stop": ("PID",), "cont": ("PID",), "nice": ("PID", "2"), "fork": ("PID", ""), "attach": ("PID",),
    "adapter": ("PID", "none"), "window": ("PID", "6"), "swapout": ("PID",), "park": ("PID",), "unpark": ("PID",),
    "compact": ("PID",), "undo": ("PID",), "select": ("PID",), "follow": ("on",), "inspect": ("process", "PID"),
    "kill": ("PID",), "interrupt": (), "spawn": ("demo",), "policy": ("mlfq",), "victims": ("largest",), "unplug": ("calc",),
    "plug": ("calc",), "answer": ("1", "no"), "break": ("trap",), "watch": ("state", "PID"),
    "unit": ("call",), "speed": ("16",), "bookmark": ("here",),
    "goto": ("9",), "mark": ("1",), "back": (), "step": ("token",), "branch": (), "world": (), "now": (), "run": (),
    "pause": (),
}  # fmt: skip
"""Every verb of a room, in an order in which most can be done; PID is one that runs."""


def test_every_verb_does_over_the_wire_what_it_does_in_a_room_and_none_stops_the_machine() -> None:
    assert {*WALK} == {*VERBS, "say"}
    here, there, watch = Standing(), Standing(), Watch()
    server = Server(there, Path(mkdtemp()) / "1.sock")
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    client = Client(server.path)
    client.start(watch)
    for verb, takes in WALK.items():
        pid = next(str(p.pid) for p in here.seen().snapshot.processes if p.program == "ask" or p.lane >= 0)
        words = tuple(pid if word == "PID" else word for word in takes)
        for asked in ((verb, *words), *[("step", "token")] * 2 * (verb not in ("goto", "mark", "back", "branch"))):
            here.command(*asked)
            client.command(*asked)
            watch.until(lambda v: v == here.seen() or not thread.is_alive())
            assert thread.is_alive(), f"{verb} stopped the machine"
    client.close()
    sessions.stop(server.path)
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_what_is_said_of_a_machine_that_is_gone_has_the_path_of_its_journal_in_80_columns() -> None:
    kept = Path.home() / ".local/state/llmos/0001.log"
    assert clip(_lost("the machine's process ended", str(kept)), 76).startswith(
        "the machine's process ended: llmos replay ~/.local/state/llmos/0001.log"
    )
    assert _lost("x", "/srv/1.log") == "x: llmos replay /srv/1.log · q leaves"
    assert _lost("x", "") == "x: q leaves"


@pytest.mark.parametrize("ends", [True, False], ids=["the screen that started it", "another"])
def test_a_machine_that_somebody_else_stops_is_no_live_one_any_more(ends: bool) -> None:
    _, server, thread = _serve(Path(mkdtemp()) / "1.sock")
    watch, client = Watch(), Client(server.path, ends=ends)
    client.start(watch)
    watch.until(lambda v: v.snapshot.tick > 0)
    sessions.stop(server.path)
    view = watch.until(lambda v: v.mode == "HALTED")
    assert view.problem == "the machine was stopped"
    assert "q leaves" in view.notice
    thread.join(SECONDS)
    client._thread.join(SECONDS)
    watch.view = replace(view, notice="")
    client.command("step")
    assert watch.view.notice == view.notice  # a key is answered, too
    client.close()


class Terminal:
    """A command in a pseudo-terminal of 100 columns and 30 rows."""

    def __init__(self, home: Path, *words: str) -> None:
        self.said = b""
        environment = {**os.environ, "LLMOS_HOME": str(home), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        self.control, other = pty.openpty()
        termios.tcsetwinsize(self.control, (30, 100))
        self.modes = termios.tcgetattr(other)
        self.other = other
        self.process = subprocess.Popen(
            [sys.executable, "-m", "llmos", *words],
            stdin=other, stdout=other, stderr=other, env=environment, start_new_session=True,
        )  # fmt: skip

    def until(self, pattern: bytes) -> None:
        given_up = time.monotonic() + SECONDS
        while not re.search(pattern, self.said):
            assert time.monotonic() < given_up, f"no {pattern!r} in {self.said[-2000:]!r}"
            if select.select([self.control], [], [], 1.0)[0]:
                self.said += os.read(self.control, 65536)

    def type(self, keys: bytes) -> None:
        self.said = b""
        os.write(self.control, keys)

    def gone(self) -> int:
        """Read until it has ended."""
        while self.process.poll() is None:
            if select.select([self.control], [], [], 0.1)[0]:
                self.said += os.read(self.control, 65536)
        while select.select([self.control], [], [], 0)[0]:
            self.said += os.read(self.control, 65536)
        return self.process.returncode


def _engine(home: Path) -> int:
    """The process of the machine that was started under `home`."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"llmos.server" in words and os.fsencode(home) in words:
                return int(entry.name)
    raise AssertionError("no machine runs")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for everything; whatever runs in it afterwards is ended."""
    home = Path(mkdtemp(prefix="llmos-"))
    monkeypatch.setenv("LLMOS_HOME", str(home))
    yield home
    for address in sessions.running():
        sessions.stop(address)
    assert not sessions.running()


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    terminal = Terminal(home, "--model", "scripted", "--speed", "0")
    yield terminal
    terminal.process.kill()
    terminal.process.wait()
    os.close(terminal.control)
    os.close(terminal.other)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds processes under /proc")
def test_killing_the_machine_leaves_terminal_and_journal(home: Path, terminal: Terminal) -> None:
    terminal.until(b"Ready")
    for size in ((5, 20), (1, 1), (90, 300), (3, 200), (30, 100)):  # whatever a terminal does meanwhile
        termios.tcsetwinsize(terminal.control, size)
    terminal.type(b"what is 37*48?\r")
    terminal.until(b"\\[calc\\]")
    os.kill(_engine(home), signal.SIGKILL)
    terminal.until(b"process ended")
    terminal.type(b"\x11")  # ctrl+q
    assert terminal.gone() == 0
    assert b"\x1b[?1049l" in terminal.said  # the screen before is back
    assert b"\x1b[?25h" in terminal.said  # and the cursor
    assert termios.tcgetattr(terminal.other) == terminal.modes
    assert b"llmos replay" in terminal.said
    (recorded,) = (home / "journals").glob("*.log")
    assert any(e[1] == "result" and "1776" in str(e) for e in events(recorded))


def test_killing_the_screen_leaves_the_machine(home: Path, terminal: Terminal) -> None:
    terminal.until(b"Ready")
    terminal.process.kill()
    terminal.process.wait()
    (address,) = sessions.running()
    watch, client = Watch(), Client(address)
    client.start(watch)
    watch.until(lambda v: v.mode == "LIVE" and not v.role)
    client.say("what is 37*48?")
    watch.until(lambda v: any("1776" in run.text for run in v.console))
    client.close()
    assert "saved" in sessions.stop(address)
    header, _ = journal.read(home / "journals" / f"{address.stem}.log")
    assert header.geometry.model


def test_a_screen_that_is_told_to_end_gives_the_terminal_back(home: Path) -> None:
    terminal = Terminal(home, "--model", "scripted", "--speed", "0")
    terminal.until(b"Ready")
    terminal.process.terminate()
    assert terminal.gone() == 128 + signal.SIGTERM
    assert b"\x1b[?1049l" in terminal.said
    assert termios.tcgetattr(terminal.other) == terminal.modes


@pytest.mark.parametrize("hung_up", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_terminal_that_is_gone_without_a_signal_ends_its_screen(home: Path, hung_up: signal.Handlers) -> None:
    before = signal.signal(signal.SIGHUP, hung_up)  # a child inherits that a signal is ignored
    try:
        terminal = Terminal(home, "--model", "scripted", "--speed", "0")
    finally:
        signal.signal(signal.SIGHUP, before)
    terminal.until(b"Ready")
    os.close(terminal.other)
    os.close(terminal.control)
    assert terminal.process.wait(SECONDS) == -signal.SIGHUP
    assert len(sessions.running()) == 1
