"""Commands and code shown in the documents are run as they stand.

A block marked `sh` is run line by line, `python` as one program. Set-up commands (those that make a virtual environment) are
what `.ci/run` does before any test; here it is checked that it does just that.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
SCREEN = {"llmos"}  # opens the machine room: tests/tui and tests/test_terminal.py do that
FETCHES = ("llmos pull ", "llmos serve")  # needs a network or does not end


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (path.name, text)
        for path in DOCUMENTS
        for kind, text in BLOCK.findall(path.read_text("utf-8"))
        if kind == language
    ]


def commands() -> list[tuple[str, str]]:
    """(document, line) of every `llmos ...` line that ends by itself; a repeated line counts once."""
    found = {
        line.split("  #")[0].strip(): name
        for name, text in blocks("sh")
        for line in text.splitlines()
        if line.startswith("llmos") and line.strip() not in SCREEN and not line.startswith(FETCHES)
    }
    return [(name, line) for line, name in found.items()]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """`llmos` on the path, and a home of its own; no model but the one in the package."""
    home = tmp_path_factory.mktemp("llmos")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "LLMOS_HOME": str(home), "COLUMNS": "120"}


@pytest.mark.parametrize(("document", "command"), commands())
def test_commands_run(document: str, command: str, environment: dict[str, str]) -> None:
    run = subprocess.run(
        shlex.split(command),
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, f"{document}: {command}\n{run.stderr[-2000:]}"
    assert run.stdout.strip()


@pytest.mark.parametrize(("document", "code"), [b for b in blocks("python") if b[0] == "README.md"])
def test_code_runs(document: str, code: str, environment: dict[str, str]) -> None:
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, f"{document}\n{run.stderr[-2000:]}"


def test_ci_sets_up_as_the_readme_says() -> None:
    steps = [
        step.strip()
        for line in (ROOT / "README.md").read_text("utf-8").splitlines()
        if "venv .venv &&" in line
        for step in line.split("&&")
    ]
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    wanted = [
        s for s in steps if s != ".venv/bin/llmos" and ".[dev]" not in s and "install -e ." not in s and "uv" not in s
    ]
    assert wanted
    for step in wanted:
        assert step.removesuffix("`").split(" -n")[0] in script, step
