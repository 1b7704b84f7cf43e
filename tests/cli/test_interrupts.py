"""Ctrl-C at any moment, from the first import on, ends the command with its status and one line; so does a lost reader."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DROPPED = """
import os, select, signal, sys
from llmos.__main__ import main
from llmos.devices.library import Library

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    select.select([], [], [], 10)

class Dying:
    def __del__(self):
        interrupt()

def mount(self, folder, progress):
    MOMENT
    select.select([], [], [], 10)  # whoever got the interrupt is not here any more
    raise AssertionError("went on")

signal.signal(signal.SIGINT, signal.default_int_handler)
Library.mount = mount
sys.argv = ["llmos", "disk", "mount", ".", "--disk", "disk.db"]
main()
"""

LOADING = """
import os, runpy, signal, sys

class Moment:
    def find_spec(name, path=None, target=None):
        if name == MODULE:
            sys.meta_path.remove(Moment)
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Moment)
sys.argv = ["llmos", "lab", "scaling"]
runpy.run_module("llmos", run_name="__main__", alter_sys=True)
"""


def ran(code: str, folder: Path) -> tuple[int, str, str]:
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    return run.returncode, run.stdout, run.stderr


@pytest.mark.parametrize("moment", ["Dying()", "eval('os.kill(os.getpid(), signal.SIGINT)')"])
def test_an_interrupt_where_python_would_lose_it_ends_the_command(moment: str, tmp_path: Path) -> None:
    assert ran(DROPPED.replace("MOMENT", moment), tmp_path) == (130, "", "llmos: interrupted\n")


@pytest.mark.parametrize(
    "module", ["llmos.interrupts", "llmos.cli", "typer.main", "llmos.looks", "numpy._core.multiarray"]
)
def test_an_interrupt_while_something_is_loaded_ends_the_command(module: str, tmp_path: Path) -> None:
    assert ran(LOADING.replace("MODULE", repr(module)), tmp_path) == (130, "", "llmos: interrupted\n")


@pytest.mark.parametrize(("full", "said"), [(False, ""), (True, "No space left on device")], ids=["closed", "full"])
def test_output_that_nobody_takes_is_no_traceback(full: bool, said: str) -> None:
    if full:
        if not Path("/dev/full").exists():
            pytest.skip("no /dev/full here")
        out = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, out = os.pipe()
        os.close(reader)
    words = [sys.executable, "-m", "llmos", "lesson", "--list"]
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    run = subprocess.run(words, stdout=out, stderr=subprocess.PIPE, text=True, env=environment, timeout=120)
    os.close(out)
    assert run.returncode == 1
    assert said in run.stderr
    assert run.stderr.count("\n") == bool(said)
