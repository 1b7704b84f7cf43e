"""Models from the Hugging Face hub: `hf:OWNER/NAME` (a safetensors folder) or `hf:OWNER/NAME:FILE` (one GGUF).

Knows: the hub's addresses, HF_ENDPOINT and HF_TOKEN, and how to go on with a broken download (HTTP ranges). Does not
know: what is in the files. A download in progress is kept in a hidden folder beside the models, so that the next pull goes
on from there; it becomes a model in one step, when every file is whole.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from . import __version__, paths
from .errors import LlmosError, UsageError
from .fetch import PIECE, room, sha256, workspace
from .store import Meter

NAME = re.compile(
    r"hf:([A-Za-z0-9][\w.-]{0,95})/([A-Za-z0-9][\w.-]{0,95})(?::([A-Za-z0-9][\w.-]{0,200}\.gguf))?", re.ASCII
)
ENDPOINT = "https://huggingface.co"
WANTED = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja")
"""Files of a folder besides its safetensors."""
SHARD = re.compile(r"model(-\d+-of-\d+)?\.safetensors(\.index\.json)?", re.ASCII)
TIMEOUT = 30
"""Seconds without a byte."""
MAX_LISTING = 16 * 2**20
REVISION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Remote:
    """One file of a repository; its hash is known when the hub keeps it as a large file."""

    name: str
    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Repository:
    """What was asked for."""

    owner: str
    name: str
    file: str | None

    @staticmethod
    def parse(text: str) -> Repository:
        """UsageError when it is no such name."""
        match = NAME.fullmatch(text)
        if not match or ".." in text:
            raise UsageError(f"{text!r} is not of the form hf:OWNER/NAME or hf:OWNER/NAME:FILE.gguf")
        return Repository(match[1], match[2], match[3])

    @staticmethod
    def of(path: Path) -> Repository | None:
        """What a path in the models folder was asked for as; None when it came from elsewhere."""
        parts = path.name.split("--", 2)
        return Repository(parts[0], parts[1], parts[2] if len(parts) > 2 else None) if len(parts) > 1 else None

    def __str__(self) -> str:
        return f"hf:{self.owner}/{self.name}" + (f":{self.file}" if self.file else "")

    @property
    def path(self) -> Path:
        """Where it is kept once it is here."""
        return paths.models() / self._label

    @property
    def _label(self) -> str:
        folder = f"{self.owner}--{self.name}"
        return f"{folder}--{self.file}" if self.file else folder

    def pull(self, source: Path | None, meter: Meter) -> Path:
        """Fetch it, or copy it from `source`. Raises LlmosError."""
        if self.path.exists():
            return self.path
        with workspace() as folder:
            self._copy(source, folder / "copy") if source else self._fetch(meter)
        return self.path

    def _copy(self, source: Path, part: Path) -> None:
        """From a folder or a file that somebody fetched before."""
        found = source.expanduser()
        if self.file and found.is_dir():
            found = found / self.file
        if not (found.is_file() if self.file else (found / "config.json").is_file()):
            raise UsageError(f"--from {source}: no {self.file or 'folder with a config.json'} there")
        part.mkdir()
        for path in (
            [found] if self.file else [p for p in found.iterdir() if p.name in WANTED or SHARD.fullmatch(p.name)]
        ):
            shutil.copyfile(path, part / (self.file or path.name))
        self._finish(part)

    def _fetch(self, meter: Meter) -> None:
        revision, files = self._listing()
        part = self._part()
        note = part / ".revision"
        if note.exists() and note.read_text(encoding="ascii", errors="replace") != revision:
            shutil.rmtree(part)  # the repository has changed: what is here belongs to another version
            part = self._part()
        note.write_text(revision, encoding="ascii")
        total = sum(f.size for f in files)
        room(part, total - sum(p.stat().st_size for p in part.iterdir()))
        before = 0
        for file in files:
            self._file(revision, file, part / file.name, lambda n, at=before: meter(at + n, total))
            before += file.size
        note.unlink()
        self._finish(part)

    def _part(self) -> Path:
        """What is here so far of this download."""
        part = paths.models() / f".part-{self._label}"
        part.mkdir(exist_ok=True)
        return part

    def _finish(self, part: Path) -> None:
        if self.file:
            os.replace(part / self.file, self.path)
            part.rmdir()
        else:
            os.replace(part, self.path)

    def _listing(self) -> tuple[str, list[Remote]]:
        """The repository's newest revision and the files of it that make the model."""
        answer = json_from(f"{endpoint()}/api/models/{self.owner}/{self.name}?blobs=true")
        revision, listed = answer.get("sha"), answer.get("siblings")
        if not isinstance(revision, str) or not REVISION.fullmatch(revision) or not isinstance(listed, list):
            raise LlmosError(f"{endpoint()} says nothing sensible about {self.owner}/{self.name}")
        files = [remote for entry in listed if (remote := _remote(entry)) and self._wants(remote.name)]
        if self.file and not files:
            ggufs = [r.name for entry in listed if (r := _remote(entry)) and r.name.endswith(".gguf")]
            raise LlmosError(
                f"{self.owner}/{self.name} has no {self.file}; GGUF files there: {', '.join(ggufs) or 'none'}"
            )
        if not self.file and not any(SHARD.fullmatch(f.name) for f in files):
            raise LlmosError(f"{self.owner}/{self.name} has no safetensors; name one of its GGUF files after a colon")
        return revision, files

    def _wants(self, name: str) -> bool:
        return name == self.file if self.file else name in WANTED or bool(SHARD.fullmatch(name))

    def _file(self, revision: str, file: Remote, path: Path, meter: Any) -> None:
        """Bring one file up to its full size, from where it is, and check it."""
        have = path.stat().st_size if path.exists() else 0
        if have > file.size:
            path.unlink()
            have = 0
        if have < file.size or not path.exists():
            url = f"{endpoint()}/{self.owner}/{self.name}/resolve/{revision}/{quote(file.name)}"
            with opened(url, have) as response, path.open("ab") as out:
                if have and response.status != 206:
                    out.truncate(0)  # this server knows no ranges: from the beginning
                    have = 0
                while have < file.size and (piece := response.read(min(PIECE, file.size - have))):
                    out.write(piece)
                    have += len(piece)
                    meter(have)
        if have != file.size:
            raise LlmosError(
                f"{file.name} broke off at {have:,} of {file.size:,} bytes; pull again to go on from there"
            )
        if file.sha256 and sha256(path) != file.sha256:
            path.unlink()
            raise LlmosError(f"{file.name} arrived damaged (its hash differs); pull again")


def _remote(entry: Any) -> Remote | None:
    """One line of the hub's list of files; None when it is of no use."""
    if not isinstance(entry, dict) or not isinstance(entry.get("rfilename"), str):
        return None
    size, large = entry.get("size"), entry.get("lfs")
    digest = large.get("sha256") if isinstance(large, dict) else None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        return None
    return Remote(entry["rfilename"], size, digest if isinstance(digest, str) else None)


def endpoint() -> str:
    """HF_ENDPOINT as the hub's own client reads it, or the hub."""
    url = os.environ.get("HF_ENDPOINT", "").rstrip("/") or ENDPOINT
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"HF_ENDPOINT is {url!r}, not an http address")
    return url


def json_from(url: str) -> dict[str, Any]:
    with opened(url) as response:
        data = response.read(MAX_LISTING)
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise LlmosError(f"{urlsplit(url).netloc} did not answer in JSON")
    return answer


@contextmanager
def opened(url: str, start: int = 0) -> Iterator[HTTPResponse]:
    """A response, from byte `start` on if the server can; every trouble on the way is one line."""
    request = Request(url, headers={"User-Agent": f"llmos/{__version__}"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    if token := os.environ.get("HF_TOKEN"):
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    host = urlsplit(url).netloc
    try:
        with build_opener(_Web).open(request, timeout=TIMEOUT) as response:
            yield response
    except HTTPError as e:
        raise LlmosError(_refused(e, url)) from None
    except (TimeoutError, URLError, HTTPException, ConnectionError) as e:
        why = e.reason if isinstance(e, URLError) else e
        raise LlmosError(f"can't reach {host} ({why or type(e).__name__}); no network? pull again to go on") from None


class _Web(HTTPRedirectHandler):
    """Follows redirects to the web only, never to files of this machine."""

    def redirect_request(self, *args: Any) -> Request | None:
        if urlsplit(args[-1]).scheme not in ("http", "https"):
            raise URLError(f"a redirect to {args[-1]}")
        return super().redirect_request(*args)


def _refused(error: HTTPError, url: str) -> str:
    where = urlsplit(url)
    what = {
        401: "no such repository, or it needs HF_TOKEN",
        403: "it is not open to you",
        404: "there is no such thing",
    }
    return f"{where.netloc}{where.path}: {what.get(error.code, 'refused')} (HTTP {error.code})"
