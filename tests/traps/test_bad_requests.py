"""Files for the evaluations that are broken, and patterns that never end: one clear line, at once, and nothing worse."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from llmos.errors import UsageError
from llmos.evals import lines, monitor, patterns, scoring, thinking, traps
from llmos.evals.places import furnished
from llmos.evals.requests import remarks

GOOD = '{"request": "x"}'


def written(tmp_path: Path, data: str | bytes) -> Path:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    return path


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", ": empty; it takes one JSON object a line"),
        (" \n\n\t\n", ": empty; it takes one JSON object a line"),
        ("{", ", line 1: no JSON"),
        (f"{GOOD}\n{GOOD}}}", ", line 2: no JSON"),
        (f"{GOOD}\n\n[]", ", line 3: no object; a line is written as {...}"),
        ("3", ", line 1: no object"),
        ("null", ", line 1: no object"),
        ("[" * 100_000, ", line 1: nested too deeply"),
        ('{"request": "' + "x" * lines.MAX_LINE + '"}', ", line 1: longer than 1,000,000 characters"),
        (GOOD.encode() + b"\n\xff\xfe", ", line 2: not UTF-8"),
        (GOOD.encode("utf-16"), ", line 1: not UTF-8"),
        ('{"request": NaN', ", line 1: no JSON"),
    ],
)
@pytest.mark.parametrize("reader", [traps.read, thinking.read, monitor.evaluate])
def test_all_readers_say_the_same_of_what_is_no_object(tmp_path: Path, reader: Any, data: Any, why: str) -> None:
    if isinstance(data, str):
        data = data.replace(GOOD, '{"request": "x", "question": "q", "answer": "a", "call": {"device": "calc"}}')
    path = written(tmp_path, data)
    if isinstance(data, bytes) and reader is not traps.read:
        return
    with pytest.raises(UsageError) as caught:
        reader(path)
    assert str(caught.value).startswith(f"{path}{why}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("reader", [traps.read, thinking.read, monitor.evaluate])
def test_what_is_no_file_is_said(tmp_path: Path, reader: Any) -> None:
    with pytest.raises(UsageError, match="no such file"):
        reader(tmp_path / "nothing.jsonl")
    with pytest.raises(UsageError, match="directory"):
        reader(tmp_path)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{}", '"request" is missing'),
        ('{"request": 5}', '"request" is no text'),
        ('{"request": " "}', '"request" is no text'),
        ('{"request": "x", "setup": []}', '"setup" is no object'),
        ('{"request": "x", "expect": "calc"}', '"expect" is no object'),
        ('{"request": "x", "setup": {"files": ["a"]}}', '"files" is an object of paths and texts'),
        ('{"request": "x", "setup": {"library": {"title": "a"}}}', '"library" is a list of objects'),
        ('{"request": "x", "setup": {"library": ["a"]}}', '"library" is a list of objects'),
        (
            '{"request": "x", "setup": {"now": "yesterday"}}',
            "\"now\" is a time such as 2026-05-20T10:30, not 'yesterday'",
        ),
        ('{"request": "x", "setup": {"now": "2026-02-30"}}', '"now" is a time'),
        ('{"request": "x", "setup": {"now": "9999-99-99"}}', '"now" is a time'),
        ('{"request": "x", "setup": {"now": 20260520}}', ""),
        ('{"request": "x", "expect": {"device": 5}}', '"device" is a name or null'),
        ('{"request": "x", "expect": {"device": "calc", "args_regex": 5}}', '"args_regex" is no text'),
        ('{"request": "x", "expect": {"answer_regex": "("}}', '"answer_regex" is no pattern: missing )'),
        ('{"request": "x", "expect": {"answer_regex": "(?P<a>x)(?P<a>y)"}}', '"answer_regex" is no pattern'),
        ('{"request": "x", "expect": {"answer_regex": "a{99999999999}"}}', '"answer_regex" is no pattern'),
        ('{"request": "x", "expect": {"device": "calc", "result": [1]}}', '"result" is a number or a text'),
        ('{"request": "x", "expect": {"steps": "calc"}}', '"steps" is a list of objects'),
        ('{"request": "x", "expect": {"steps": [5]}}', '"steps" is a list of objects'),
        ('{"request": "x", "expect": {"steps": [{"args_regex": "x"}]}}', 'each of "steps" names its "device"'),
        (
            '{"request": "x", "expect": {"steps": [{"device": "calc", "args_regex": "["}]}}',
            '"args_regex" is no pattern',
        ),
    ],
)
def test_a_request_that_can_not_be_run_or_scored_is_named(tmp_path: Path, line: str, why: str) -> None:
    path = written(tmp_path, f"{GOOD}\n{line}\n")
    if not why:  # odd, but it can be run
        assert len(traps.read(path)) == 2
        return
    with pytest.raises(UsageError) as caught:
        traps.read(path)
    assert str(caught.value).startswith(f"{path}, line 2: {why}")
    assert "\n" not in str(caught.value)


def test_what_is_odd_is_run_and_remarked_on(tmp_path: Path) -> None:
    odd = [
        {"id": "a", "request": "x", "expected": {}},
        {"id": "a", "request": "y", "expect": {"device": "calculator", "arg_regex": "1"}},
        {"request": "z", "setup": {"files": {"../out": "", "/abs": "", "": "", "in.txt": ""}, "date": "now"}},
        {"id": "s", "request": "s", "expect": {"steps": [{"device": "calc"}, {"device": "sums"}]}},
    ]
    items = traps.read(written(tmp_path, "\n".join(map(json.dumps, odd))))
    assert list(remarks(items, traps.DEVICES)) == [
        "a: field 'expected' is not read",
        "a: another line has this id",
        "a: field 'arg_regex' is not read",
        "a: no device 'calculator' is mounted",
        "3: field 'date' is not read",
        "3: the file '../out' is left out: '..' leaves the home folder",
        "3: the file '/abs' is left out: paths begin in the home folder: write notes.txt, not /notes.txt",
        "3: the file '' is left out: it has no name",
        "s: no device 'sums' is mounted",
    ]


def test_files_that_can_not_be_made_are_left_out(tmp_path: Path) -> None:
    files = {"a": "x", "a/b": "x", "n\0": "x", "x" * 300: "x", "lone": "\ud800", "b/c.txt": "y"}
    furnished(("files",), {"files": files}, tmp_path / "place")
    made = sorted(
        p.relative_to(tmp_path / "place" / "home").as_posix() for p in (tmp_path / "place").rglob("*") if p.is_file()
    )
    assert made == ["a", "b/c.txt", "lone"]


def test_a_pattern_that_never_ends_counts_as_not_found_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.05)
    monkeypatch.setattr(patterns, "too_slow", {})
    endless, call = "(a+)+$", scoring.Called("calc", "a" * 60 + "!", "1")
    began = time.process_time()
    for _ in range(3):
        verdict = scoring.judge({"device": "calc", "args_regex": endless, "answer_regex": endless}, [call], "b")
        assert (verdict.device, verdict.args, verdict.answer) == (True, False, False)
    assert list(patterns.too_slow) == [endless]
    assert time.process_time() - began < 2
    assert patterns.found("a+!", call.args)
