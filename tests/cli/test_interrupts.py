"""Ctrl-C at a moment when Python drops exceptions ends the command all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DROPPED = """
import os, select, signal, sys
from llmos import cli
from llmos.devices.library import Library

class Dying:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        select.select([], [], [], 10)

def mount(self, folder, progress):
    Dying()
    select.select([], [], [], 10)  # whoever got the interrupt is not here any more
    raise AssertionError("went on")

signal.signal(signal.SIGINT, signal.default_int_handler)
Library.mount = mount
sys.argv = ["llmos", "disk", "mount", ".", "--disk", "disk.db"]
cli.main()
"""


def test_an_interrupt_in_a_destructor_ends_the_command(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", DROPPED], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "llmos: interrupted\n")
