"""docs/devices.md is run: its device, its entry point, its table."""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from llmos.devices import registry
from llmos.devices.base import Context

from .helpers import accepts, ask, refusal

PAGE = (Path(__file__).parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")


@pytest.fixture
def shown() -> dict[str, Any]:
    """The names that the page's Python code defines."""
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(code, "docs/devices.md", "exec", dont_inherit=True), names)
    return names


def test_the_shown_device_works(shown: dict[str, Any]) -> None:
    dice = shown["Dice"]()
    pinned = Context(now=lambda: datetime(2026, 1, 1))
    assert 1 <= int(ask(dice, "6", pinned)) <= 6
    assert ask(dice, "6", pinned) == ask(dice, "6", pinned)
    assert refusal(dice, "0") == refusal(dice, "six") == "a die has 1 to 999 sides"
    assert accepts(dice.grammar, "20")
    assert not accepts(dice.grammar, "0")


def test_it_has_ten_lines() -> None:
    body = re.search(r"class Dice:\n(.*?)```", PAGE, re.DOTALL)
    assert body is not None
    assert len([line for line in body[1].split("\n") if line.strip()]) <= 10


def test_it_is_found_and_mounted_as_shown(
    shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    toml = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert toml is not None
    named = tomllib.loads(toml[1])["project"]["entry-points"][registry.GROUP]
    assert list(named) == ["dice"]
    point = SimpleNamespace(name="dice", load=lambda: shown[named["dice"].rpartition(":")[2]])
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])
    devices = registry.mounted(["dice", "calc"], registry.Settings(home=tmp_path))
    assert list(devices) == ["dice", "calc"]
    assert accepts(registry.grammar(devices), "dice 6")
    assert "- dice: rolls dice, such as dice 6" in registry.instructions(devices)


def test_the_table_names_every_built_in_device() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    assert tuple(name for row in rows for name in re.findall(r"`(\w+)`", row)) == registry.BUILT_IN
