"""`llmos eval traps` on a machine without a model: places, the format of the file, the fields of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llmos import processor as processors
from llmos.cli import app
from llmos.cpu.scripted import ByteCodec, ScriptedCpu, replies
from llmos.errors import UsageError
from llmos.evals import traps
from llmos.evals.places import furnished
from llmos.options import Options

REQUESTS = Path(__file__).with_name("requests.jsonl")
SCRIPT = {  # request -> what the "model" writes; {..} is a call, $ its result
    "sum": "It is {calc 37*48}$.",
    "file": "It says {files cat a.txt}$",
    "other file": "It says {files cat a.txt}$",
    "date": "{clock date}$",
    "tell": "{send nobody hello}$",
    "run": "{spawn nothing 3}$",
    "talk": "Good day.",
    "bad": "{teapot brew}I can't.",
    "look": "{search velvet}$",
}


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    def processor(options: Options) -> Any:
        pages = options.max_pages or 64
        return ScriptedCpu(replies(lambda q: SCRIPT[q.strip()]), options.frames, options.lanes, pages), ByteCodec()

    monkeypatch.setattr(processors, "build", processor)


def line(request: str, expect: dict[str, Any], **setup: Any) -> dict[str, Any]:
    return {"id": request, "category": request.split()[-1], "request": request, "setup": setup, "expect": expect}


def run(items: list[dict[str, Any]], jobs: int = 3, grammar: bool = False) -> dict[str, Any]:
    options = Options(devices=traps.DEVICES, grammar=grammar)
    return traps.evaluate(items, options, jobs, lambda done: None)


ITEMS = [
    line("sum", {"device": "calc", "args_regex": "37", "result": "1776", "answer_regex": "1776"}),
    line("file", {"device": "files", "answer_regex": "first"}, files={"a.txt": "the first"}),
    line("other file", {"device": "files", "answer_regex": "second"}, files={"a.txt": "the second"}),
    line("date", {"device": "clock", "answer_regex": "2031-02-03"}, now="2031-02-03T04:05"),
    line("tell", {"device": "send", "args_regex": "^nobody hello$"}),
    line("run", {"device": "spawn", "args_regex": "nothing 3"}),
    line("talk", {"device": None, "answer_regex": "good"}),
    line(
        "look", {"device": "search", "answer_regex": "blue"}, library=[{"title": "Velvet", "text": "Velvet is blue."}]
    ),
]


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize("jobs", [1, 3, 8])
def test_every_line_has_a_place_of_its_own(jobs: int) -> None:
    found = run(ITEMS, jobs)
    assert {k: found[k] for k in ("n", "device", "args", "values", "answer", "false_traps", "malformed")} == {
        "n": 8, "device": 1.0, "args": 1.0, "values": 1.0, "answer": 1.0, "false_traps": 0.0, "malformed": 0.0,
    }  # fmt: skip
    assert [one["id"] for one in found["runs"]] == [item["id"] for item in ITEMS]
    assert found["by_category"]["file"]["n"] == 2


@pytest.mark.usefixtures("scripted")
def test_a_malformed_call_is_counted_and_answered() -> None:
    found = run([line("bad", {"device": None, "answer_regex": "can't"}), line("sum", {"device": "calc"})])
    assert (found["malformed"], found["false_traps"], found["answer"]) == (0.5, 1.0, 1.0)
    assert "no device 'teapot'" in found["runs"][0]["calls"][0]["result"]


def test_the_command_prints_one_object(tmp_path: Path) -> None:
    path = tmp_path / "few.jsonl"
    path.write_text("".join(REQUESTS.read_text(encoding="utf-8").splitlines(keepends=True)[:3]), encoding="utf-8")
    result = CliRunner().invoke(app, ["eval", "traps", str(path), "--model", "scripted", "--json"])
    found = json.loads(result.stdout)
    assert found["n"] == 3
    assert set(found) == {
        "n", "device", "args", "values", "answer", "false_traps", "malformed", "by_category", "runs"
    }  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        '{"id": 1}',
        '{"request": "x", "expect": {"answer_regex": "("}}',
        '{"request": "x", "setup": {"files": ["a"]}}',
        "",
    ],
)
def test_a_bad_file_is_one_line_about_its_first_fault(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(bad, encoding="utf-8")
    with pytest.raises(UsageError, match=r"bad\.jsonl"):
        traps.read(path)


def test_lines_end_at_newlines_alone(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text('\ufeff{"request": "a\u2028b\x85c"}\r\n\n{"request": "d", "id": 7}\n', encoding="utf-8")
    assert [item["request"] for item in traps.read(path)] == ["a\u2028b\x85c", "d"]


def test_files_outside_the_home_are_not_made(tmp_path: Path) -> None:
    furnished(("files",), {"files": {"../out.txt": "x", "/abs.txt": "y", "in/side.txt": "z"}}, tmp_path / "place")
    made = [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()]
    assert made == ["place/home/in/side.txt"]


def test_the_requests_written_by_hand_are_many_and_readable() -> None:
    items = traps.read(REQUESTS)
    assert len(items) >= 200
    assert len({item["request"] for item in items}) == len(items)
    assert {"clock", "files", "search", "python", "spawn", "send", "talk", "two"} <= {i["category"] for i in items}
