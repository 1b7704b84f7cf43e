"""MCP servers as devices: found, called, killed in the middle of a call, started again."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.devices.base import MAX_RESULT, Context, DeviceError
from llmos.devices.mcp import McpServer
from llmos.sandbox import cage
from llmos.sandbox.cage import available

from .helpers import accepts, ask, refusal

pytest.importorskip("mcp")
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the server in /proc")
TOYS = (sys.executable, str(Path(__file__).with_name("mcp_server.py")))


class Changes:
    """Counts what it is told and lets a test wait for it."""

    def __init__(self) -> None:
        self.condition = threading.Condition()

    def __call__(self) -> None:
        with self.condition:
            self.condition.notify_all()

    def until(self, server: McpServer, wanted: set[str]) -> bool:
        """Did the devices become `wanted` within a few seconds?"""
        with self.condition:
            return self.condition.wait_for(
                lambda: set(server.devices()) == {f"toys.{name}" for name in wanted}, timeout=10
            )


FIRST = {"add", "shout", "fail", "die", "hang", "much", "learn", "peek"}


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def server(changes: Changes) -> Iterator[McpServer]:
    if lacking := {layer: why for layer, why in available().items() if why}:
        pytest.skip(f"not run: this machine lacks {lacking}")
    toys = McpServer("toys", TOYS, changes)
    toys.start()
    yield toys
    toys.close()


def test_tools_are_devices(server: McpServer) -> None:
    devices = server.devices()
    assert set(devices) == {f"toys.{name}" for name in FIRST}
    add = devices["toys.add"]
    assert add.help == "Adds two numbers."
    assert ask(add, '{"a": 2, "b": 3}') == "5"
    assert add.call('{"a": 2, "b": 3}', Context()).origin == "mcp:toys.add"
    assert ask(devices["toys.shout"], "bare text") == "BARE TEXT"
    assert len(ask(devices["toys.much"], "")) < MAX_RESULT + 100


def test_a_local_server_lives_in_a_cage(server: McpServer, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("4711")
    assert "Reads a file" in ask(server.devices()["toys.peek"], TOYS[1])
    assert refusal(server.devices()["toys.peek"], str(tmp_path / "secret.txt"))
    assert refusal(server.devices()["toys.peek"], "/etc/passwd")


def test_without_a_layer_no_server_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        cage, "available", lambda: {**dict.fromkeys(cage.LAYERS, ""), "landlock": "the kernel has none"}
    )
    toys = McpServer("toys", TOYS)
    with pytest.raises(DeviceError, match="landlock"):
        toys.start()
    toys.close()


def test_wrong_calls_are_one_line_each(server: McpServer) -> None:
    add = server.devices()["toys.add"]
    assert refusal(add, '{"a": "x"}')
    assert refusal(add, "{") == "the arguments are no JSON object"
    assert refusal(add, "2 3") == "write the arguments as a JSON object with: a b"
    assert refusal(add, '{"a": ' + "[" * 100_000)
    assert refusal(server.devices()["toys.fail"], "")


HOSTILE = [
    "{", "{}", "[]", "null", "5", '"', '{"text"', '{"text": 5}', '{"text": null}', '{"text": ["a"]}', '{"txet": "x"}',
    '{"text": "a", "text": 1}', '{"text": NaN}', '{"text": 1e999}', '{"text": {"a": {"a": {}}}}', '{"": ""}',
    '{"text": "\\ud800"}', '{"text": "a", "_meta": {"progressToken": 1}}', '{"text": "\\u0000"}', "\0", "\ud800",
    "x" * 200_000, '{"a":' * 50_000,
    '{"text": "' + "x" * 200_000 + '"}', "\n\r\n{}\n", '{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}', "\x1b[2J",
]  # fmt: skip


def test_hostile_arguments_are_a_short_text_or_one_line_and_the_server_lives(server: McpServer) -> None:
    devices = server.devices()
    for text in HOSTILE:
        for name in ("toys.shout", "toys.add"):
            if not refusal(devices[name], text, Context(timeout=5)):
                said = ask(devices[name], text, Context(timeout=5))
                assert len(said) < MAX_RESULT + 100
                said.encode()
    assert ask(devices["toys.shout"], "still") == "STILL"
    assert set(server.devices()) == {f"toys.{name}" for name in FIRST}


def test_the_grammar_follows_the_tools_schema(server: McpServer) -> None:
    grammar = server.devices()["toys.add"].grammar
    assert accepts(grammar, '{"a": 2, "b": 3}')
    assert not accepts(grammar, '{"a": "x", "b": 3}')
    assert not accepts(grammar, '{"a": 2}')


def test_a_tool_that_hangs_is_left_in_time_and_on_cancel(server: McpServer) -> None:
    hang = server.devices()["toys.hang"]
    began = time.monotonic()
    assert refusal(hang, "", Context(timeout=0.3)) == "timed out after 0.3 seconds"
    assert refusal(hang, "", Context(cancelled=lambda: time.monotonic() > began + 0.6)) == "cancelled"
    assert time.monotonic() - began < 4
    assert ask(server.devices()["toys.shout"], "still") == "STILL"


def test_killed_in_a_call_its_devices_go_and_a_new_call_brings_them_back(server: McpServer, changes: Changes) -> None:
    devices = server.devices()
    assert refusal(devices["toys.die"], "") == "toys: went away during the call"
    assert server.devices() == {}
    assert ask(devices["toys.shout"], "again") == "AGAIN"
    assert changes.until(server, FIRST)


@linux
def test_killed_from_outside_while_idle_the_list_follows(server: McpServer, changes: Changes) -> None:
    os.kill(server_process(), 9)
    assert changes.until(server, set())
    server.start()
    assert changes.until(server, FIRST)


@linux
def test_killed_from_outside_in_a_call(server: McpServer) -> None:
    began = time.monotonic()
    killed: list[int] = []

    def kill_once() -> bool:
        """The cancel switch is looked at while the call is in the air: that is when we strike."""
        if not killed and time.monotonic() > began + 0.2:
            killed.append(server_process())
            os.kill(killed[0], 9)
        return False

    assert refusal(server.devices()["toys.hang"], "", Context(cancelled=kill_once)) == "toys: went away during the call"
    assert killed


def server_process() -> int:
    """The pid of what this process started for the toys server: the wall around it, which takes it along."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if any(TOYS[1].encode() in word for word in words) and parent == os.getpid():
                found.append(int(entry.name))
    assert len(found) == 1
    return found[0]


def test_tools_that_come_while_it_runs_are_plugged_in(server: McpServer, changes: Changes) -> None:
    assert ask(server.devices()["toys.learn"], "") == "learned"
    assert changes.until(server, FIRST | {"fresh"})
    assert ask(server.devices()["toys.fresh"], "") == "new"


@pytest.mark.parametrize("command", [("/nonexistent/server",), ("/bin/true",), ("/bin/echo", "not a server")])
def test_what_is_no_server_is_one_line(command: tuple[str, ...]) -> None:
    tool = McpServer("no", command)
    with pytest.raises(Exception, match="no can't be started") as caught:
        tool.start()
    assert type(caught.value).__name__ == "DeviceError"
    assert tool.devices() == {}
    tool.close()


def test_a_real_server_from_pypi() -> None:
    pytest.importorskip("mcp_server_time")
    server = McpServer("time", (sys.executable, "-m", "mcp_server_time", "--local-timezone", "UTC"))
    server.start()
    try:
        convert = server.devices()["time.convert_time"]
        call = '{"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}'
        assert "T21:00:00+09:00" in ask(convert, call)
        assert accepts(convert.grammar, call)
        assert refusal(convert, '{"source_timezone": "Nowhere/No", "time": "12:00", "target_timezone": "UTC"}')
    finally:
        server.close()
