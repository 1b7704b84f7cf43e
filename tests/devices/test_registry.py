"""What can be mounted, what a model is told of it, and the one grammar for all legal calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from llmos.devices import registry
from llmos.devices.base import Closable, Context, Device, Result, cut
from llmos.devices.registry import Settings
from llmos.errors import UsageError

from .helpers import accepts, ask, refusal
from .test_mcp import TOYS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_mounting_keeps_the_order_and_the_names(settings: Settings) -> None:
    devices = registry.mounted(["search", "calc"], settings)
    assert list(devices) == ["search", "calc"]
    assert all(device.name == name for name, device in devices.items())
    assert ask(devices["calc"], "6*7") == "42"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nope", "no device 'nope'; there are: calc clock files"),
        ("llm", "llm can't be mounted: no model server is configured"),
        ("mcp", "mcp can't be mounted: no server is configured"),
    ],
)
def test_what_cannot_be_mounted_is_one_line(settings: Settings, name: str, line: str) -> None:
    with pytest.raises(UsageError, match=line.replace("?", r"\?")):
        registry.mounted(["calc", name], settings)


def test_a_library_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="search can't be mounted"):
        registry.mounted(["search"], Settings(home=tmp_path, library=tmp_path / "none"))


def test_the_instructions_name_what_is_mounted_and_nothing_else(settings: Settings) -> None:
    text = registry.instructions(registry.mounted(["calc", "clock"], settings))
    assert text.split("\n")[0] == "These devices are mounted:"
    assert [line.split(":")[0] for line in text.split("\n")[1:]] == ["- calc", "- clock"]
    assert registry.instructions({}) == ""


LEGAL = [
    "calc 37*48",
    "calc 5 km in miles",
    "clock add 30 days to 2026-01-31",
    "files write a/b.txt hello there",
    "search page fault",
    "page Page replacement#2",
    "python for x in y:\n    print(x)",
    "plot 1 2 3",
    "browser open paging.md",
    "llm hello",
    'toys.add {"a": 1, "b": 2}',
    "toys.fail ",
]
ILLEGAL = [
    "",
    "calc",
    "calc ",
    "calc 1+",
    "Calc 1",
    "nope 1",
    "clock 37*48",
    "files rm a",
    " calc 1",
    'toys.add {"a": "x"}',
    "calc 1\n",
]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("mcp")
    full = Settings(tmp_path_factory.mktemp("home"), servers=(("toys", TOYS),), llm_url="http://127.0.0.1:1/v1")
    devices = registry.mounted(registry.BUILT_IN, full)
    yield devices
    registry.close(devices)


@pytest.mark.parametrize("text", LEGAL)
def test_the_grammar_of_all_devices_accepts_legal_calls(everything: dict[str, Device], text: str) -> None:
    assert accepts(registry.grammar(everything), text)


@pytest.mark.parametrize("text", ILLEGAL)
def test_the_grammar_of_all_devices_rejects_other_text(everything: dict[str, Device], text: str) -> None:
    assert not accepts(registry.grammar(everything), text)


def test_every_device_keeps_the_protocol(everything: dict[str, Device]) -> None:
    for name, device in everything.items():
        assert device.name == name
        assert device.help
        assert "\n" not in device.help
        assert "such as" in device.help or "." in name
        assert isinstance(device.outside, bool)
        assert isinstance(device.usage, tuple)


def test_the_example_in_each_help_is_a_legal_call(everything: dict[str, Device]) -> None:
    for name, device in everything.items():
        if "such as" in device.help:
            for example in device.help.partition("such as ")[2].split(" or "):
                assert accepts(registry.grammar(everything), example), (name, example)


def test_bad_names_of_a_third_party_do_not_replace_ours(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        name, help, usage, grammar, outside = "calc", "wrong", ("X",), 'start: "x"', False

        def call(self, text: str, ctx: Context) -> Result:
            return Result("wrong", "fake")

    point = SimpleNamespace(name="calc", load=lambda: lambda settings: Fake())
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    assert ask(registry.mounted(["calc"], settings)["calc"], "1+1") == "2"
    assert registry.available() == list(registry.BUILT_IN)


def test_closing_lets_go_and_a_closed_device_says_so_or_works(everything: dict[str, Device]) -> None:
    assert isinstance(everything["browser"], Closable)
    assert not isinstance(everything["calc"], Closable)
    registry.close({"browser": everything["browser"]})
    assert not refusal(everything["browser"], "open paging.md")


def test_the_shipped_library_is_searched_and_browsed_on_first_run(settings: Settings) -> None:
    devices = registry.mounted(["search", "page", "browser"], settings)
    assert devices["search"].call("what is a page fault", Context()).origin.startswith("disk:")
    assert "Paging" in ask(devices["browser"], "open paging.md")
    registry.close(devices)


def test_results_are_cut_with_a_notice() -> None:
    assert cut("short") == "short"
    assert cut("x" * 5000, 10) == "x" * 10 + "\n[cut: 5,000 characters in all]"


def test_importing_the_devices_imports_nothing_heavy() -> None:
    heavy = {"jax", "numpy", "mcp", "lxml", "markdown_it", "pydantic_monty", "llguidance", "textual"}
    code = "import sys, llmos.devices.registry; print(' '.join({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not heavy & set(loaded)
