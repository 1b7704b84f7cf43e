"""Bad use of every command: one line on standard error, nothing on standard output, exit status 2, and at once.

All of it runs in this process, and no model is loaded: a test fails where a command would begin to.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from llmos import cli, processor

COMMANDS = [
    "nosuch",
    "--nosuch",
    "--speed -1",
    "--theme pink",
    "--model nano models",  # of the machine room: silently ignored by a command
    "-m nano ask hi",
    "--ascii doctor",
    "generate",
    "generate --prompt x --max-tokens 0",
    "generate --prompt x --max-tokens 1000000",
    "generate --prompt x --temperature nan",
    "generate --prompt x --min-p 2",
    "generate --prompt x --model nosuch",
    "run nosuch",
    "run sh ls --plain",
    "run chat hello --plain",
    "run ask --plain",
    "run vote --plain",
    "run demo x y z --plain",
    "run complete --plain",
    "run demo --plain --policy nosuch",
    "run demo --plain --replacement nosuch",
    "run demo --plain --devices calc,nosuch",
    "run demo --plain --adapters mine=nosuch",
    "run demo --plain --adapters a,a",
    "run demo --plain --lanes 0",
    "ask",
    "ask ' '",
    "ask hi --now yesterday",
    "ask hi --devices nosuch",
    "ask hi --llm ftp://there",
    "ask hi --host 'a b'",
    "ask hi --mcp ''",
    "pull nosuch",
    "pull nano",
    "pull smollm2 --from nosuch",
    "pull hf:nosuch",
    "pull hf:../x",
    "replay FILE --tick 3 --strace",
    "replay FILE --events --cast c",
    "lesson nosuch",
    "lesson belady --jump 99 --plain",
    "lesson belady --lock nosuch --plain",
    "lesson belady --lock goto --plain",
    "lesson belady --model nosuch",
    "lesson belady --out nosuch/x.json --plain",
    "lesson belady --recorded --seed 3 --solve",
    "lesson belady --own nosuch --plain",
    "grade nosuch",
    "devices --devices nosuch",
    "devices --devices mcp --mcp x=/nosuch/command",
    "mail ../x",
    "bench nosuch",
    "bench kernel --cases 3",  # of another measurement: silently ignored by this one
    "bench cpu --workload x",
    "bench rights --modes exact8",
    "bench sched",
    "up nosuch --nosuch",
    "up --model nosuch",
    "serve --model nosuch",
    "down",
    "down nosuch",
    "serve nosuch",
    "audit show",
    "audit verify --file nosuch",
    "audit verify --head x --file FILE",
    "audit why x",
    "disk search ' '",
    "disk stat --disk nosuch",
    "disk mount nosuch",
    "disk unmount nosuch",
    "attack run nosuch",
    "attack run file --defences nosuch --model obeying",
    "eval monitor nosuch",
    "eval traps nosuch",
    "eval traps FILE",
    "eval thinking FILE",
    "eval monitor FILE",
    "eval attacks --only nosuch",
    "train base nosuch",
    "train base FILE",
    "train base BINARY",
    "train base LONG --steps 0",
    "train base LONG --minutes 0",
    "train base LONG --minutes nan",
    "train base LONG --steps 3 --out FILE",
    "train base LONG --steps 3 --out FILE/x",
    "train nano --scale 0",
    "train nano --scale -1",
    "train nano --scale nan",
    "train assistant --scale 0",
    "train assistant --after nosuch",
    "train assistant --after FILE",
    "train preferences --rate -1",
    "train preferences --steps 0",
    "train traps --model nano --rate inf",
    "train traps --model nano --after nosuch",
    "train traps --model nano --steps 0",
    "train preferences --model nosuch",
    "train traps --model nosuch",
    "lab sched --policy nosuch",
    "lab sched --jobs a,b",
    "lab sched --jobs ''",
    "lab sched --jobs 5 --tickets 1,2",
    "lab sched --quantum 0",
    "lab sched --jobs 100000000,100000000",
    "lab mlfq --queues 0",
    "lab mlfq --jobs 1,2",
    "lab process --jobs 4:200",
    "lab process --switch never",
    "lab paging --frames 0",
    "lab paging --frames 99999999999",
    "lab paging --policy nosuch.py",
    "lab translate --table x",
    "lab references",
    "lab references --from nosuch",
    "lab belady --policy nosuch",
    "lab scaling --text nosuch",
    "lab poison --counts x",
    "lab traps --counts -1",
    "lab traps --rank 4",
    "lab scaling --seed -1",
    "train base LONG --seed 99999999999999999999",
]
"""FILE is a text that is no journal, no audit and no evaluation; LONG one that could be trained on; BINARY is none."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in and to live in, where no model is loaded."""

    def load(*_: object) -> None:
        raise AssertionError("a model is loaded before the options are looked at")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(processor, "build_engine", load)
    (tmp_path / "FILE").write_text("not what was meant\n", encoding="utf-8")
    (tmp_path / "LONG").write_text("one and two and three\n" * 200, encoding="utf-8")
    (tmp_path / "BINARY").write_bytes(b"\xff\x00" * 4000)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_one_line_and_status_2(
    command: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["llmos", *shlex.split(command)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert (ended.value.code, said.out, len(said.err.splitlines())) == (2, "", 1), said.err
    assert said.err.startswith("llmos: ")
    assert len(said.err) < 600


@pytest.mark.parametrize("group", ["lab", "disk", "attack", "audit", "eval", "train"])
def test_a_group_without_a_command_shows_its_help(
    group: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["llmos", group])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert said.err.startswith("Usage:")
    assert f" {group} " in said.err.splitlines()[0]
    assert len(said.err.splitlines()) > 5
