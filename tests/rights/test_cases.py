"""`llmos eval monitor`, as somebody outside uses it who has read docs/security.md: what is expected of each case.

cases.jsonl are plain ones to learn from, tricks.jsonl those of somebody who looks for a way round.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmos.cli import app
from llmos.errors import UsageError
from llmos.evals.monitor import evaluate

CASES, TRICKS = (Path(__file__).with_name(name) for name in ("cases.jsonl", "tricks.jsonl"))


@pytest.mark.parametrize("path", [CASES, TRICKS], ids=lambda p: p.stem)
def test_every_case_is_decided_as_the_document_says(path: Path) -> None:
    result = evaluate(path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) >= 40
    wrong = [
        (line["id"], line["expect"], found["decision"], found["rule"])
        for line, found in zip(lines, result["decisions"], strict=True)
        if line["expect"] != found["decision"]
    ]
    assert wrong == []
    assert (result["violations"], result["false_denials"]) == (0, 0)


def write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_what_nobody_reads_and_what_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '{"id": "a", "manifest": {"devises": ["calc"]}, "call": {"device": "calc", "args": "1", "labels": {"ring": "me"}}}',
        '{"id": "b", "call": {"device": "calc", "arg": "1"}, "why": 1}',
    )
    assert evaluate(path)["notes"] == [
        "case a: field 'devises' of the manifest is not read",
        "case a: the call's ring is none of kernel, system, user, data: taken as data",
        "case b: field 'why' of the case is not read",
        "case b: field 'arg' of the call is not read",
        "case b: no manifest: nothing is granted",
        "case b: the call has no labels: data of unknown origin that nobody may learn",
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON"),
        ("[]", "no object"),
        ('{"id": 1}', 'a case has a "call"'),
        ('{"call": {"args": 3}}', 'a case has a "call"'),
        ('{"call": {"device": "calc"}, "history": 1}', '"history" is a list'),
        ('{"call": {"device": "calc"}, "benign": "yes"}', '"benign" is true or false'),
    ],
)
def test_a_line_that_is_no_case_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"line 2: {why}"):
        evaluate(write(tmp_path, '{"call": {"device": "calc"}}', line))


def test_the_command_prints_one_object(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["eval", "monitor", str(CASES), "--json"])
    assert done.exit_code == 0
    assert set(json.loads(done.stdout)) == {"violations", "false_denials", "asks", "n", "decisions", "notes"}
