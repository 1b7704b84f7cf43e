"""The launcher: puts the layers on itself, one after the other, and becomes the command. Run as a script, in the child.

Knows: the order. Does not know: anything of llmos but its neighbour `linux.py`, which it loads by path. If a layer can't be
put on it ends with status 125 and its name, and the command never starts.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

NOBODY = 65534


def main(orders: dict[str, Any]) -> None:
    linux = _neighbour()
    layer = ""
    if "limits" in orders["layers"] and os.geteuid() == 0:
        os.setresuid(NOBODY, 0, 0)  # root's processes are never counted; nobody's are, and files still see their owner
    try:
        for layer in orders["layers"]:
            _put_on(layer, orders, linux)
    except (OSError, ValueError) as error:
        print(f"sandbox: the layer {layer} can't be put on: {error}; nothing was run", flush=True)
        os._exit(125)
    try:
        os.execvp(orders["command"][0], orders["command"])
    except OSError as error:
        print(f"sandbox: {orders['command'][0]}: {error.strerror}", flush=True)
        os._exit(127)


def _neighbour() -> Any:
    spec = importlib.util.spec_from_file_location("linux", Path(__file__).with_name("linux.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _put_on(layer: str, orders: dict[str, Any], linux: Any) -> None:
    if layer == "limits":
        _limit(*orders["limits"])
    elif layer == "namespaces" and not orders["inside"]:
        _spaces(linux)
    elif layer == "landlock":
        linux.landlock(orders["readable"], orders["writable"])
    elif layer == "capabilities":
        linux.drop_capabilities()
    elif layer == "seccomp":
        linux.seccomp(orders["network"])


def _limit(seconds: int, memory: int, processes: int, file_bytes: int) -> None:
    """Hard limits: a process can't raise them again. `processes` counts those of the user, so it bounds fork bombs."""
    for what, value in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (value, value))


def _spaces(linux: Any) -> None:
    """New namespaces. The process namespace begins with the next child: it becomes pid 1 of it, this one waits."""
    linux.unshare()
    child = os.fork()
    if child:
        _wait(child)
    linux.die_with_parent()
    inner = os.fork()  # pid 1 reaps zombies and ends everything when the command ends
    if inner:
        _wait(inner)


def _wait(child: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
