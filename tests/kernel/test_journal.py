"""The journal: cut anywhere it still gives every good record, and replaying it gives the same events, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from llmos.journal import JournalError, Writer, read
from llmos_kernel.journal import Header, Record, Recorder, replay
from llmos_kernel.kernel import Kernel

from . import lively  # noqa: TID251

REPLAY = """
import sys
from hashlib import sha256
from pathlib import Path
from llmos.journal import read
from llmos_kernel.journal import replay
sys.path.insert(0, sys.argv[2])
from tests_lively import PROGRAMS
header, records = read(Path(sys.argv[1]))
events = [event for kernel in replay(header, records, PROGRAMS) for event in kernel.take_events()]
assert "jax" not in sys.modules and "numpy" not in sys.modules
print(len(events), sha256(repr(events).encode()).hexdigest())
"""


def session(path: Path, rounds: int) -> tuple[list[tuple[object, ...]], list[Record], Kernel]:
    """Run a lively machine to its end and leave its journal; its events and its records."""
    kernel, header, records = lively.machine(rounds)
    events = []
    while not kernel.halted:
        kernel.step()
        events += kernel.take_events()
    recorder = kernel.cpu
    assert isinstance(recorder, Recorder)
    recorder.close()
    with Writer(path, header) as writer:
        for record in records:
            writer(record)
    return events, list(records), kernel


def test_replay_gives_the_same_events_under_two_hash_seeds_without_jax(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    events, _, _ = session(path, 6)
    expected = f"{len(events)} {sha256(repr(events).encode()).hexdigest()}"
    here = Path(__file__).parent
    (tmp_path / "tests_lively.py").write_text(
        (here / "lively.py").read_text(encoding="utf-8").replace("from .worlds", "from tests_worlds"), encoding="utf-8"
    )
    (tmp_path / "tests_worlds.py").write_text((here / "worlds.py").read_text(encoding="utf-8"), encoding="utf-8")
    for seed in ("1", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", REPLAY, str(path), str(tmp_path)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout.strip() == expected


def test_the_same_seed_gives_the_same_journal(tmp_path: Path) -> None:
    session(tmp_path / "one.log", 3)
    session(tmp_path / "two.log", 3)
    assert (tmp_path / "one.log").read_bytes() == (tmp_path / "two.log").read_bytes()


def test_a_journal_cut_at_any_byte_keeps_every_whole_record(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    _, records, _ = session(path, 1)
    whole = path.read_bytes()
    _, found = read(path)
    assert list(found) == records
    ends = _ends(whole)
    assert len(ends) == len(records) + 1
    cut = tmp_path / "cut.log"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        if length < ends[0]:
            with pytest.raises(JournalError):
                read(cut)
            continue
        good = sum(end <= length for end in ends) - 1
        assert list(read(cut)[1]) == records[:good], f"cut at {length}"


def _ends(whole: bytes) -> list[int]:
    """Where each record ends, by its own length field."""
    ends, at = [], 8
    while at < len(whole):
        at += 8 + int.from_bytes(whole[at : at + 4], "little")
        ends.append(at)
    return ends


def test_a_journal_cut_anywhere_replays_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    events, _, _ = session(path, 2)
    whole = path.read_bytes()
    for length in range(_ends(whole)[0], len(whole), len(whole) // 40):
        path.write_bytes(whole[:length])
        header, records = read(path)
        again = [e for kernel in replay(header, records, lively.PROGRAMS) for e in kernel.take_events()]
        assert again == events[: len(again)]


def test_a_byte_turned_over_hides_what_follows_it_and_nothing_before(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    _, records, _ = session(path, 1)
    whole = path.read_bytes()
    ends = _ends(whole)
    for at in range(ends[0], len(whole), 7):
        damaged = bytearray(whole)
        damaged[at] ^= 0x40
        path.write_bytes(damaged)
        good = sum(end <= at for end in ends) - 1
        assert list(read(path)[1]) == records[:good]


def test_header_survives_the_file() -> None:
    _, header, _ = lively.machine(1)
    assert Header.from_plain(header.to_plain()) == header
