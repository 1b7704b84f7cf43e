"""What the machine may use of the world around it: the settings file, the options before it, one line for bad values."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmos import paths
from llmos.boot import device_settings
from llmos.cli import app
from llmos.errors import UsageError
from llmos.options import DEVICES, Options
from llmos.settings import Outside, applied

SERVER = Path(__file__).parents[1] / "devices" / "mcp_server.py"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path))
    paths.settings().parent.mkdir(parents=True)


def write(text: str) -> None:
    paths.settings().write_text(text, encoding="utf-8")


def test_without_a_file_and_options_nothing_outside_is_named() -> None:
    assert applied(Options()) == Options()


def test_the_file_says_what_may_be_used_and_that_is_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    write(
        'home = "/tmp/h"\nlibrary = "/tmp/l"\nhosts = ["Example.org", "localhost:8080"]\n'
        '[mcp]\ntime = "python -m mcp_time -v"\n'
        'far = "https://example.org/mcp"\n[llm]\nurl = "http://127.0.0.1:8080/v1"\nmodel = "qwen"\nkey_env = "MY_KEY"\n'
    )
    found = applied(Options())
    assert found.devices == (*DEVICES, "mcp", "browser", "llm")
    assert found.servers == (("time", ("python", "-m", "mcp_time", "-v")), ("far", "https://example.org/mcp"))
    settings = device_settings(found)
    assert (settings.home, settings.library) == (Path("/tmp/h"), Path("/tmp/l"))
    assert settings.hosts == ("example.org", "localhost:8080")
    assert (settings.llm_url, settings.llm_model, settings.llm_key) == ("http://127.0.0.1:8080/v1", "qwen", "secret")


def test_options_go_before_the_file() -> None:
    write('home = "/tmp/h"\nhosts = ["a.org"]\ndevices = ["calc"]\n[mcp]\ntime = "x"\n')
    given = Outside(
        Path("/tmp/other"), None, "clock, calc", ("b.org",), ('"/opt/my tools/serve" --fast', "http://h:1/mcp")
    )
    found = applied(Options(), given)
    assert (found.home, found.hosts, found.devices) == (Path("/tmp/other"), ("b.org",), ("clock", "calc"))
    assert found.servers == (("serve", ("/opt/my tools/serve", "--fast")), ("h", "http://h:1/mcp"))
    assert applied(Options()).devices == ("calc", "mcp", "browser")


@pytest.mark.parametrize(
    ("text", "word"),
    [("home = 3", "home is a text"), ("hosts = 'a'", "hosts is a list"), ("teapot = 1", "no setting teapot"),
     ("[mcp]\nx = 3", "mcp is"), ("[llm]\ncolour = 'red'", "no setting llm.colour"), ("[llm]\nurl = 'ftp://x'", "no address"),
     ("hosts = ['a b']", "is no host"), ("hosts = ['http://a.org']", "is no host"), ("[mcp]\nx = ''", "takes a command"),
     ("= 3", "can't be read"), ("[llm]\nurl = 3", "llm is")],
)  # fmt: skip
def test_bad_settings_are_one_line_with_the_file(text: str, word: str) -> None:
    write(text)
    with pytest.raises(UsageError, match=word) as caught:
        applied(Options())
    assert str(paths.settings()) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [["--mcp", ""], ["--mcp", '"open'], ["--host", "http://x"], ["--host", "*"], ["--host", ""], ["--llm", "localhost"],
     ["--llm", "file:///x"]],
)  # fmt: skip
def test_bad_options_are_one_line_that_names_the_option(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["ask", "hi", "--model", "scripted", *arguments])
    assert isinstance(result.exception, UsageError)
    assert arguments[0] in str(result.exception)


def test_the_list_of_devices_has_the_tools_of_a_configured_server() -> None:
    pytest.importorskip("mcp")
    result = CliRunner().invoke(
        app, ["devices", "--devices", "calc,mcp", "--mcp", f"box={sys.executable} {SERVER}", "--json"]
    )
    names = [one["name"] for one in json.loads(result.stdout)["devices"]]
    assert names[0] == "calc"
    assert {"box.add", "box.shout"} <= set(names)


def test_a_server_that_is_none_is_one_line() -> None:
    pytest.importorskip("mcp")
    result = CliRunner().invoke(app, ["ask", "hi", "--model", "scripted", "--mcp", "no=/nonexistent/server"])
    assert isinstance(result.exception, UsageError)
    assert "mcp can't be mounted" in str(result.exception)


def test_mail_is_read_and_thrown_away() -> None:
    (paths.mail()).mkdir(parents=True)
    (paths.mail() / "anna.txt").write_text("2026-05-20 10:30 pid 3: Dinner\x1b[31m\n", encoding="utf-8")
    read = CliRunner().invoke(app, ["mail", "Anna", "--json", "--empty"])
    assert json.loads(read.stdout) == {"name": "Anna", "messages": ["2026-05-20 10:30 pid 3: Dinner␛[31m"]}
    assert json.loads(CliRunner().invoke(app, ["mail", "--json"]).stdout)["messages"] == []
    assert isinstance(CliRunner().invoke(app, ["mail", "../x"]).exception, UsageError)
