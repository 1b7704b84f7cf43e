"""Escapes from the sandbox: every one fails, and without the layer that stops it, it does not."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.errors import LlmosError
from llmos.sandbox import LAYERS, Cage, Missing, available, run

SYS = "import ctypes, os; L = ctypes.CDLL(None, use_errno=True); c = lambda *a: L.syscall(*a)\n"
OK = "\nprint('ESCAPED')"
ATTEMPTS = {
    "read the password file": "open('/etc/passwd').read()",
    "read the shadow file": "open('/etc/shadow').read()",
    "list the root": "import os; os.listdir('/')",
    "list home folders": "import os; os.listdir('/root')",
    "read outside by dots": "open('../outside.txt').read()",
    "read through a link": "import os; os.symlink('/etc/passwd', 'l'); open('l').read()",
    "read through a linked folder": "import os; os.symlink('/etc', 'd'); open('d/passwd').read()",
    "hard link a file from outside": "import os; os.link('{outside}', 'h'); open('h').read()",
    "write outside": "open('{outside}', 'w').write('x')",
    "write in /tmp": "open('/tmp/llmos-escape', 'w').write('x')",
    "truncate outside": "import os; os.truncate('{outside}', 0)",
    "delete outside": "import os; os.unlink('{outside}')",
    "rename to outside": "import os; open('f','w').close(); os.rename('f', '{outside}.new')",
    "make a folder outside": "import os; os.mkdir('{outside}.d')",
    "run what it wrote": "import os; open('x','w').write('#!/bin/sh'); os.chmod('x',0o755); assert os.system('./x') == 0",
    "see other processes in /proc": "import os; assert [p for p in os.listdir('/proc') if p.isdigit()]",
    "environment of another process": "open('/proc/{parent}/environ').read()",
    "memory of another process": "open('/proc/{parent}/mem', 'rb').read(1)",
    "own memory through /proc": "open('/proc/self/mem', 'r+b')",
    "root through /proc": "import os; os.listdir('/proc/self/root')",
    "a secret of the environment": "import os; assert os.environ['LLMOS_SECRET']",
    "signal another process": "import os; os.kill({parent}, 0)",
    "signal its parent's group": "import os; os.killpg(os.getpgid({parent}), 0)",
    "connect to this machine": "import socket; socket.create_connection(('127.0.0.1', {port}), 2)",
    "connect to the outside": "import socket; socket.create_connection(('1.1.1.1', 80), 2)",
    "a datagram": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "a raw socket": "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "a packet socket": "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "netlink": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "an abstract unix socket": "import socket; socket.socket(socket.AF_UNIX).connect('\\0llmos-escape-{parent}')",
    "ptrace": SYS + "assert c(101, 16, {parent}, 0, 0) == 0",
    "ptrace itself": SYS + "assert c(101, 0, 0, 0, 0) == 0",
    "read another's memory by call": SYS + "assert c(310, {parent}, None, 0, None, 0, 0) == 0",
    "io_uring": SYS + "assert c(425, 1, ctypes.create_string_buffer(120)) >= 0",
    "bpf": SYS + "assert c(321, 0, ctypes.create_string_buffer(64), 64) >= 0",
    "perf events": SYS + "assert c(298, ctypes.create_string_buffer(128), 0, -1, -1, 0) >= 0",
    "userfaultfd": SYS + "assert c(323, 1) >= 0",
    "the kernel's keys": SYS + "assert c(250, 0, -3, 1) >= 0",
    "mount": SYS + "assert L.mount(b'none', b'.', b'tmpfs', 0, None) == 0",
    "a new user namespace": SYS + "assert L.unshare(0x10000000) == 0",
    "a new namespace by clone": SYS + "p = c(56, 0x10000000 | 17, 0, 0, 0, 0)\nif p == 0: os._exit(0)\nassert p > 0",
    "a new namespace by clone3": SYS + "import struct\nb = struct.pack('<11Q', 0x10000000, 0,0,0,17,0,0,0,0,0,0)\n"
    "p = c(435, b, 88)\nif p == 0: os._exit(0)\nassert p > 0",
    "chroot": "import os; os.chroot('.')",
    "become root": "import os; os.setuid(0); open('/etc/passwd').read()",
    "a device file": "import os, stat; os.mknod('dev', 0o600 | stat.S_IFCHR, os.makedev(1, 1))",
    "code in memory": SYS + "assert c(319, b'x', 0) >= 0",
    "type into the terminal": "import fcntl; fcntl.ioctl(0, 0x5412, b'x')",
    "raise its limits": "import resource as r; r.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY, r.RLIM_INFINITY))",
    "a memory bomb": "b = bytearray(2 << 30)",
    "a huge integer": "x = 1 << (8 << 32)",
    "a file bomb": "f = open('big', 'wb')\nfor i in range(64): f.write(bytes(1 << 20)); f.flush()",
    "descriptors without end": "import os; [os.open('.', 0) for _ in range(1000)]",
    "a fork bomb": "import os, time\nfor i in range(200):\n    if os.fork() == 0: time.sleep(5); os._exit(0)",
    "zombies without end": "import os\nfor i in range(200):\n    if os.fork() == 0: os._exit(0)",
    "out of a deleted folder": "import os; os.mkdir('d'); os.chdir('d'); os.rmdir('../d'); open('{outside}').read()",
    "a descriptor it was left": "import os\nfor n in range(3, 256):\n    try: os.fstat(n)\n    except OSError: continue\n"
    "    break\nelse: raise OSError",
    "a handle of another process": SYS + "assert c(434, {parent}, 0) >= 0",
    "set the clock": "import time; time.clock_settime(time.CLOCK_REALTIME, 0)",
    "the machine's name": "import socket; socket.sethostname('x')",
    "open by handle": SYS + "assert c(304, -100, ctypes.create_string_buffer(64), 0) >= 0",
    "another machine's calls": SYS + "assert c(0x40000000 + 39) > 0",
    "kernel messages": "open('/dev/kmsg').read(1)",
    "the disks": "import os; os.listdir('/dev')",
    "system settings": "open('/proc/sys/kernel/core_pattern').read()",
}
ENDED = {  # what never ends by itself, and how it is ended
    "a loop": ("while True: pass", "time"),
    "a regular-expression bomb": ("import re; re.match('(a+)+$', 'a' * 60 + 'b')", "time"),
    "an output bomb": ("while True: print('x' * 10000)", "output"),
    "a sleeper that ignores signals": (
        "import signal, time\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except OSError: pass\n"
        "time.sleep(60)",
        "time",
    ),
    "a child that outlives its parent": ("import os, time\nif os.fork() == 0: os.setsid(); time.sleep(60)", ""),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "outside.txt").write_text("secret")
    return tmp_path


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def attempt(code: str, place: Path, port: int, cage: Cage) -> str:
    for name, value in (("{outside}", place / "outside.txt"), ("{parent}", os.getpid()), ("{port}", port)):
        code = code.replace(name, str(value))
    return run(["python3", "-I", "-c", code + OK], cage).output


def cage(place: Path, layers: tuple[str, ...] = LAYERS, **more: object) -> Cage:
    return Cage(place / "cage", layers=layers, **more)  # type: ignore[arg-type]


def require(*layers: str) -> None:
    """Where a layer can't exist, its tests say so by name."""
    lacking = {layer: why for layer, why in available().items() if why and (not layers or layer in layers)}
    if lacking:
        pytest.skip(f"not run: this machine lacks {lacking}")


def test_at_least_45_escapes() -> None:
    assert len(ATTEMPTS) + len(ENDED) >= 45


@pytest.mark.parametrize("name", ATTEMPTS)
def test_no_escape(name: str, place: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    require()
    monkeypatch.setenv("LLMOS_SECRET", "hunter2")
    assert "ESCAPED" not in attempt(ATTEMPTS[name], place, port, cage(place))
    assert (place / "outside.txt").read_text() == "secret"


@pytest.mark.parametrize("name", ENDED)
def test_everything_ends(name: str, place: Path) -> None:
    require()
    code, how = ENDED[name]
    assert (
        run(["python3", "-I", "-c", code], cage(place, seconds=1.0 if how == "time" else 20, processor_seconds=5)).cut
        == how
    )


def test_honest_work_goes_on(place: Path) -> None:
    require()
    script = "echo 3 1 2 | tr ' ' '\\n' | sort > sorted.txt; wc -l < sorted.txt; cat"
    outcome = run(["sh", "-c", script], cage(place), stdin="hello")
    assert (outcome.status, outcome.output) == (0, "3\nhello")
    assert (place / "cage" / "sorted.txt").read_text() == "1\n2\n3\n"


MATTERS = {  # layer -> an escape that only it stops, and the layers that stay
    "environment": ("a secret of the environment", LAYERS),
    "limits": ("raise its limits", LAYERS),
    "session": ("", LAYERS),
    "namespaces": ("signal another process", ("environment", "session", "limits", "seccomp")),
    "landlock": ("read the password file", LAYERS),
    "capabilities": ("", LAYERS),
    "seccomp": ("io_uring", LAYERS),
}
SIGNS = {  # for layers without an escape of their own: what shows that they are on
    "session": "import os; assert os.getsid(0) == {session}",
    "capabilities": "assert int(open('/proc/self/status').read().split('CapEff:')[1].split()[0], 16)",
}


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_matters(layer: str, place: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it the attempt fails; without it, and nothing else changed, it succeeds."""
    require(layer)
    if layer == "capabilities" and os.geteuid():
        pytest.skip("not run: only root has capabilities to drop")
    monkeypatch.setenv("LLMOS_SECRET", "hunter2")
    name, layers = MATTERS[layer]
    if layer in SIGNS:
        layers = ("environment", "session", "limits", "seccomp" if layer == "session" else "capabilities")
    code = SIGNS[layer].replace("{session}", str(os.getsid(0))) if layer in SIGNS else ATTEMPTS[name]
    with_it = layers if layer in layers else (*layers[:3], layer, *layers[3:])
    assert "ESCAPED" not in attempt(code, place, port, cage(place, with_it))
    assert "ESCAPED" in attempt(code, place, port, cage(place, tuple(x for x in with_it if x != layer)))


@pytest.mark.parametrize("layer", LAYERS)
def test_without_any_one_layer_nothing_runs(layer: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmos.sandbox.cage.available", lambda: dict.fromkeys(LAYERS, "") | {layer: "not here"})
    with pytest.raises(Missing, match=layer):
        run(["touch", "ran"], cage(place))
    assert not (place / "cage" / "ran").exists()


def test_a_missing_layer_is_named_and_nothing_runs(place: Path) -> None:
    with pytest.raises(Missing, match="moat"):
        run(["touch", "ran"], cage(place, (*LAYERS, "moat")))
    assert not (place / "cage" / "ran").exists()
    assert issubclass(Missing, LlmosError)
