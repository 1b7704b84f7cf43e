"""Compiled programs on disk: used again when whole, noticed and made again when damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import pytest

from llmos.cpu.executables import Executables


class Source:
    """Compiles one program, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> Any:
        self.asked += 1
        return jax.jit(lambda x: x * 3 + 1).lower(2.0).compile()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("damage", ["none", "cut", "flip", "empty", "other", "gone", "open", "link"])
def test_a_damaged_program_is_made_again(home: Path, damage: str) -> None:
    source = Source()
    assert float(Executables("sizes").get("layer", source)(2.0)) == 7
    (file,) = home.rglob("*.program")
    data = file.read_bytes()
    half = len(data) // 2
    bad = {"cut": data[:half], "flip": data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :], "empty": b""}
    if damage == "gone":
        file.unlink()
    elif damage == "open":  # anybody may have written it
        file.chmod(0o666)
    elif damage == "link":
        file.symlink_to(file.rename(home / "elsewhere"))
    elif damage != "none":
        file.write_bytes(bad.get(damage, b"not a program" * 9))
    for asked in (1 if damage == "none" else 2,) * 2:  # the second time it is whole again
        assert float(Executables("sizes").get("layer", source)(2.0)) == 7
        assert source.asked == asked


def test_other_sizes_are_other_programs() -> None:
    source = Source()
    for sizes in ("a", "b", "a"):
        Executables(sizes).get("layer", source)
    assert source.asked == 2
