"""Running one command in a cage, and what came of it.

Knows: the layers, their order, limits of time and output. Does not know: their numbers (`linux.py`). The layers are put on
by a small launcher in the child (`launch.py`), so that the parent, which may have threads, only execs.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from llmos.errors import LlmosError

LAYERS = ("environment", "session", "namespaces", "limits", "landlock", "capabilities", "seccomp")
"""In the order in which they are put on. `bubblewrap`, where it is installed, stands in for namespaces."""
SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/alternatives", "/dev/null")
SYSTEM_MORE = ("/dev/zero", "/dev/urandom", sys.prefix, sys.base_prefix)


class Missing(LlmosError):
    """A layer that was asked for does not exist on this machine; nothing was run."""


@dataclass(frozen=True)
class Cage:
    """What the command may have. `folder` is its only place to write."""

    folder: Path
    readable: tuple[Path, ...] = ()
    layers: tuple[str, ...] = LAYERS
    seconds: float = 10.0
    processor_seconds: int = 10
    memory: int = 512 << 20  # bytes of address space of one process
    processes: int = 32
    file_bytes: int = 16 << 20
    output: int = 200_000  # bytes kept; more ends it
    network: bool = False
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    status: int  # exit status; negative: ended by that signal
    output: str
    cut: str = ""  # "time" or "output" when the cage ended it


@cache
def available() -> dict[str, str]:
    """Each layer, and "" or why it is not here."""
    from . import linux

    if not sys.platform.startswith("linux"):
        return {layer: "" if layer in ("environment", "limits", "session") else "only on Linux" for layer in LAYERS}
    known = "" if platform.machine() in linux.MACHINES else f"not written for {platform.machine()}"
    launcher = Path(__file__).with_name("launch.py")
    trial = json.dumps({"command": ["true"], "layers": ["namespaces"], "inside": False})
    spaces = subprocess.run([sys.executable, "-I", str(launcher), trial], capture_output=True, check=False)
    return {
        "environment": "",
        "limits": "",
        "session": "",
        "namespaces": "" if spaces.returncode == 0 else "the kernel allows no user namespaces",
        "landlock": "" if linux.landlock_version() else "the kernel has no Landlock",
        "capabilities": known,
        "seccomp": known,
    }


def run(command: Sequence[str], cage: Cage, stdin: str = "") -> Outcome:
    """Run `command` in the cage. Raises Missing, naming the layer, before anything ran."""
    launcher, environment = caged(command, cage)
    process = subprocess.Popen(
        launcher,
        cwd=cage.folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session="session" in cage.layers,
        close_fds=True,
    )
    return _watch(process, cage, stdin)


def caged(command: Sequence[str], cage: Cage) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment that start `command` in the cage, for who starts it. Raises Missing."""
    here = available()
    lacking = [f"{layer} ({here.get(layer, 'no such layer')})" for layer in cage.layers if here.get(layer, "?")]
    if lacking:
        raise Missing(f"the sandbox lacks {', '.join(lacking)}; nothing was run")
    cage.folder.mkdir(parents=True, exist_ok=True)
    launcher = [sys.executable, "-I", str(Path(__file__).with_name("launch.py")), _orders(command, cage)]
    if bubble := _bubblewrap(cage):
        launcher = [*bubble, *launcher]
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(cage.folder), "LANG": "C.UTF-8"}
    return launcher, {**(clean if "environment" in cage.layers else dict(os.environ)), **cage.variables}


def _orders(command: Sequence[str], cage: Cage) -> str:
    readable = [*SYSTEM, *SYSTEM_MORE, *map(str, cage.readable)]
    return json.dumps(
        {
            "command": list(command),
            "layers": list(cage.layers),
            "readable": readable,
            "writable": [str(cage.folder), "/dev/null"],
            "limits": [cage.processor_seconds, cage.memory, cage.processes, cage.file_bytes],
            "network": cage.network,
            "inside": bool(_bubblewrap(cage)),
        }
    )


def _bubblewrap(cage: Cage) -> list[str]:
    """bubblewrap's command line, where it is installed: an outer wall of its own."""
    path = shutil.which("bwrap")
    if path is None or "namespaces" not in cage.layers:
        return []
    places = (*SYSTEM, *SYSTEM_MORE, *map(str, cage.readable))
    binds = [part for place in places for part in ("--ro-bind-try", place, place)]
    here = str(Path(__file__).parent)
    net = [] if cage.network else ["--unshare-net"]
    walls = ("--unshare-user-try", "--unshare-pid", "--unshare-ipc", *net, "--die-with-parent", "--new-session")
    mine = ("--ro-bind", here, here, "--bind", str(cage.folder), str(cage.folder), "--proc", "/proc", "--dev", "/dev")
    return [path, *walls, *binds, *mine]


def _watch(process: subprocess.Popen[bytes], cage: Cage, stdin: str) -> Outcome:
    """Feed and read until the end, the deadline, or too much output; then nothing of it lives on."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.write(stdin.encode())
        process.stdin.close()
    os.set_blocking(process.stdout.fileno(), False)
    end, data, cut = time.monotonic() + cage.seconds, bytearray(), ""
    while not cut:
        chunk = process.stdout.read(65536)
        if chunk:
            data += chunk
        elif chunk == b"" or process.poll() is not None:
            break
        else:
            time.sleep(0.005)
        cut = "output" if len(data) > cage.output else "time" if time.monotonic() > end else ""
    _end(process, cage)
    return Outcome(process.wait(), bytes(data[: cage.output]).decode(errors="replace"), cut)


def _end(process: subprocess.Popen[bytes], cage: Cage) -> None:
    """The launcher's death takes the namespace, or the session, with it."""
    with suppress(ProcessLookupError, PermissionError):
        if "session" in cage.layers:
            os.killpg(process.pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
    if process.stdout is not None:
        process.stdout.close()
