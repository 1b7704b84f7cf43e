"""Machines that are started under one home: each has a name, a socket and a journal of its own."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from llmos import journal, sessions
from llmos.client import Client
from llmos.options import SYSTEM, Options
from tests.watching import SECONDS, Watch


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for everything; whatever runs in it afterwards is ended."""
    home = Path(mkdtemp(prefix="llmos-"))
    monkeypatch.setenv("LLMOS_HOME", str(home))
    yield home
    for address in sessions.running():
        sessions.stop(address)


def test_sessions_that_start_together_are_machines_of_their_own(home: Path) -> None:
    """None of them waits for another: names are taken before a machine boots."""
    addresses = [sessions.start(Options(model="scripted", init=("sh", SYSTEM), seed=seed), 0.0) for seed in range(3)]
    shutil.rmtree(home / "journals", ignore_errors=True)  # whose journal was thrown away keeps its name while it runs
    addresses.append(sessions.start(Options(model="scripted", init=("sh", SYSTEM), seed=3), 0.0))
    assert len(set(addresses)) == 4
    for seed, address in enumerate(addresses):
        watch, client = Watch(), Client(address)
        client.start(watch)
        view = watch.until(lambda v: v.mode == "LIVE")
        assert (view.seed, view.role, Path(view.journal).stem) == (seed, "", address.stem)
        client.close()
    assert "saved" in sessions.stop(addresses[0])
    assert sessions.running() == sorted(addresses[1:], key=lambda p: p.stat().st_mtime)


def test_a_machine_that_never_came_up_leaves_no_journal(home: Path) -> None:
    watch, address = Watch(), sessions.start(Options(model=str(home / "none.gguf"), init=("sh", SYSTEM)), 0.0)
    client = Client(address)
    client.start(watch)
    watch.until(lambda v: v.mode == "HALTED")
    client.close()
    sessions.stop(address)
    until = time.monotonic() + SECONDS
    while address.with_suffix(".err").exists():
        assert time.monotonic() < until
        os.sched_yield()
    assert not list((home / "journals").iterdir())


def test_names_are_taken_by_one_each(tmp_path: Path) -> None:
    begin, taken = threading.Barrier(8), []

    def take() -> None:
        begin.wait()
        taken.extend(journal.fresh(tmp_path / "journals", tmp_path) for _ in range(20))

    (tmp_path / "0041.sock").touch()
    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.stem for path in taken) == [f"{n:04d}" for n in range(42, 202)]
    with pytest.raises(journal.JournalError, match="nothing of that session was kept"):
        journal.read(taken[0])
