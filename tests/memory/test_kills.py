"""A few dozen kills at every run; `python -m tests.memory.kills 500` makes the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from .kills import rounds


@pytest.mark.parametrize(("what", "count"), [("disk", 16), ("swap", 32)])
def test_killed_writers_lose_no_committed_record(what: str, count: int, tmp_path: Path) -> None:
    result = rounds(what, count, tmp_path, seed=7)
    assert result["lost"] == 0
    assert result["records"] >= count
