"""What scripts rely on: the options that commands take, and the names of the fields that they print with --json.

Added fields are no breach; a missing one is. Each command runs in this process, on a CPU without a model.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from llmos import Machine, cli

OPTIONS = {
    "run": "--plain --policy",
    "generate": "--model --prompt --chat --max-tokens --temperature --seed --dtype --json",
    "ask": "--model --now --home --library --devices --no-system-tools --grammar --no-grammar --check --json",
    "pull": "--from --json",
    "models": "--json",
    "doctor": "--json",
    "devices": "--json",
    "replay": "--json",
    "bench": "--workload --json",
    "lesson": "--seed --student --plain --solve --json",
    "grade": "--csv",
    "eval traps": "--model --jobs --json",
    "eval monitor": "--json",
    "eval attacks": "--json",
    "attack list": "--json",
    "attack run": "--defences --json",
    "audit verify": "--json",
    "audit show": "--json",
    "audit why": "--json",
    "disk mount": "--json",
    "disk forget": "--json",
    "disk unmount": "--json",
    "disk ls": "--json",
    "disk search": "--json",
    "disk stat": "--json",
    "lab sched": "--policy --jobs --arrivals --quantum --tickets --randoms --seed --solve --json",
    "lab mlfq": "--queues --quantum --boost --io-time --stay --io-bump --jobs --json",
    "lab process": "--jobs --switch --io-done --io-time --json",
    "lab paging": "--policy --frames --refs --seed --solve --json",
    "lab translate": "--seed --solve --json",
    "lab traps": "--json",
    "lab scaling": "--json",
    "lab dreams": "--json",
    "lab poison": "--json",
    "train base": "--json",
    "train assistant": "--json",
    "train traps": "--json",
}

RUN = {"prompt_tokens": [int], "tokens": [int], "text": str, "stop": str, "tokens_per_second": float}
TIMES = {"response": (int, float), "turnaround": (int, float), "wait": (int, float)}
RESULT = {"path": str, "passage": str, "score": float, "label": str}
RECORD = {"number": int, "device": str, "args": str, "verdict": str, "rule": str, "label": dict}

FIELDS: dict[str, Any] = {
    "generate --model scripted --prompt a --max-tokens 2 --json": RUN,
    "generate --model scripted --prompt a --prompt b --chat --max-tokens 2 --json": {"runs": [RUN]},
    "ask hi --model scripted --check --json": {
        "answer": str,
        "tokens": int,
        "calls": [{"device": str, "args": str, "result": str, "label": str}],
        "grounded": float,
        "checks": list,
    },
    "audit show --json": {"records": [RECORD]},
    "audit why 1 --json": {**RECORD, "story": [str]},
    "audit verify --json": {"ok": bool, "records": int, "head": str, "problem": str},
    "models --json": {"models": [{"name": str, "path": str, "bytes": int}]},
    "devices --devices calc --json": {"devices": [{"name": str, "help": str}]},
    "disk mount TEXTS --json": {"folder": str, "added": int, "passages": int},
    "disk unmount TEXTS --json": {"folder": str, "removed": int, "kept": int},
    "disk forget --windows --json": {"removed": int},
    "disk ls --json": {"documents": [{"path": str, "title": str, "passages": int, "label": str}]},
    "disk search 'page fault' --json": {"results": [RESULT]},
    "disk stat --json": {"documents": int, "passages": int, "sound": bool},
    "lab sched --policy rr --quantum 2 --jobs 5,4,3,2 --json": {"jobs": [TIMES], "average": TIMES, "timeline": [[int]]},
    "lab mlfq --json": {"jobs": [{"start": int, "response": int, "turnaround": int}], "timeline": [[int]]},
    "lab process --json": {"total": int, "cpu_busy": int, "io_busy": int},
    "lab paging --json": {"hits": int, "misses": int, "victims": [(int, type(None))]},
    "lab translate --json": {"translations": [{"page": int, "offset": int, "fault": bool}]},
    "eval monitor CASES --json": {
        "violations": int,
        "false_denials": int,
        "asks": int,
        "n": int,
        "decisions": [{"id": str, "decision": str, "rule": str}],
    },
    "attack list --json": {"attacks": [{"name": str, "rule": str}]},
    "attack run file --model obeying --json": {"scenario": str, "defences": str, "reached": bool, "success": dict},
    "lesson --list --json": {"lessons": [{"name": str, "title": str, "minutes": int}]},
}
"""TEXTS is a folder to mount, CASES the monitor's own cases."""


def check(value: Any, wanted: Any, place: str) -> None:
    """`wanted` is a type or several, a list of what each item is, or an object's fields."""
    if isinstance(wanted, list):
        assert isinstance(value, list), place
        for n, item in enumerate(value):
            check(item, wanted[0], f"{place}[{n}]")
    elif isinstance(wanted, dict):
        assert isinstance(value, dict), place
        assert wanted.keys() <= value.keys(), place
        for key, kind in wanted.items():
            check(value[key], kind, f"{place}.{key}")
    else:
        assert isinstance(value, wanted), f"{place}: {value!r}"


def options_of(path: str) -> set[str]:
    command: Any = typer.main.get_command(cli.app)
    for word in path.split():
        command = command.commands[word]
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize("command", OPTIONS)
def test_options(command: str) -> None:
    assert set(OPTIONS[command].split()) <= options_of(command)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands live, one after the other, with two texts to put on the disk."""
    home = tmp_path_factory.mktemp("home")
    (home / "texts").mkdir()
    (home / "texts" / "paging.md").write_text("# Paging\n\nA page fault brings a page back.\n", encoding="utf-8")
    return home


@pytest.mark.parametrize("command", FIELDS)
def test_fields(command: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LLMOS_HOME", str(home / "llmos"))
    if command.startswith(("audit", "disk")):  # made here, whatever ran before
        prepare(command, home, monkeypatch, capsys)
    said = run(command, home, monkeypatch, capsys)
    assert len(said.out.splitlines()) == 1
    assert said.err == ""
    found = json.loads(said.out)
    check(found, FIELDS[command], command.partition(" -")[0])


def run(command: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    cases = Path(__file__).parents[1] / "rights" / "cases.jsonl"
    words = command.replace("TEXTS", str(home / "texts")).replace("CASES", str(cases))
    monkeypatch.setattr(sys, "argv", ["llmos", *shlex.split(words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    return capsys.readouterr()


def prepare(command: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    first = "ask hi --model scripted --json" if command.startswith("audit") else "disk mount TEXTS --json"
    run(first, home, monkeypatch, capsys)


def test_a_replay_prints_one_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine.boot(model="scripted", journal=tmp_path / "1.log", init=("ask", "hi"))
    machine.run()
    machine.close()
    said = run(f"replay {tmp_path / '1.log'} --json", tmp_path, monkeypatch, capsys)
    assert said.err == ""
    check(json.loads(said.out), {"ticks": int, "events": int, "processes": list, "halted": bool}, "replay")


@pytest.mark.parametrize("command", ["lab paging", "lab sched", "lab mlfq", "lab process", "lab translate"])
def test_a_problem_hides_its_answer(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = run(command, tmp_path, monkeypatch, capsys).out
    solved = run(f"{command} --solve", tmp_path, monkeypatch, capsys).out
    assert solved.startswith(asked.rstrip("\n").partition("Then look")[0][:200])
    assert len(solved) > len(asked)
