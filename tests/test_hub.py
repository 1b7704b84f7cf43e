"""`llmos pull hf:` against a hub on the loopback that breaks off, lies and changes: whole models or none, and going on."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from llmos import hub, paths
from llmos.errors import LlmosError, UsageError

FILES = {"config.json": b'{"a": 1}', "tokenizer.json": b"{}", "model.safetensors": bytes(range(256)) * 20_000}
OTHERS = {"README.md": b"no part of a model", "evil/../../model.safetensors": b"x", "tiny.gguf": b"GGUF" + bytes(999)}


class Hub(ThreadingHTTPServer):
    """What it serves, how it misbehaves, and what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = FILES | OTHERS
        self.revision, self.ranges, self.breaks_at = "a" * 40, True, 0
        self.asked: list[tuple[str, str | None]] = []

    def listing(self) -> dict[str, Any]:
        large = {name: {"sha256": hashlib.sha256(data).hexdigest()} for name, data in self.files.items()}
        siblings = [{"rfilename": n, "size": len(d), "lfs": large[n]} for n, d in self.files.items()]
        return {"sha": self.revision, "siblings": siblings}


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        hub_, path = self.server, self.path.partition("?")[0]
        asked = self.headers["Range"]
        hub_.asked.append((path.rpartition("/")[2], asked))
        if path == "/api/models/me/model":
            return self._send(200, json.dumps(hub_.listing()).encode())
        name = path.removeprefix(f"/me/model/resolve/{hub_.revision}/")
        if name not in hub_.files:
            return self._send(404, b"")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and hub_.ranges else 0
        return self._send(206 if start else 200, hub_.files[name][start:])

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        cut, self.server.breaks_at = self.server.breaks_at, 0
        if cut and len(data) > cut:
            self.wfile.write(data[:cut])
            self.close_connection = True
        else:
            self.server.breaks_at = cut
            self.wfile.write(data)

    def log_message(self, *about: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as made:
        monkeypatch.setenv("LLMOS_HOME", str(tmp_path_factory.mktemp("home")))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{made.server_port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def pull(name: str = "hf:me/model", meter: Any = lambda done, total: None) -> dict[str, bytes]:
    """The files of the model that was pulled."""
    path = hub.Repository.parse(name).pull(None, meter)
    return {p.name: p.read_bytes() for p in sorted(path.iterdir())} if path.is_dir() else {path.name: path.read_bytes()}


def shown() -> list[str]:
    """What the models folder holds that is not hidden."""
    return [p.name for p in paths.models().iterdir() if not p.name.startswith(".")]


def test_a_folder_is_the_files_of_a_model_and_nothing_else(server: Hub) -> None:
    heard: list[tuple[int, int]] = []
    assert pull(meter=lambda *n: heard.append(n)) == FILES
    total = sum(map(len, FILES.values()))
    assert heard == sorted(heard)
    assert heard[-1] == (total, total)
    assert [p.name for p in paths.models().iterdir()] == ["me--model"]
    server.asked.clear()
    assert pull() == FILES
    assert not server.asked


def test_one_gguf(server: Hub) -> None:
    assert pull("hf:me/model:tiny.gguf") == {"me--model--tiny.gguf": OTHERS["tiny.gguf"]}
    with pytest.raises(LlmosError, match=r"no other\.gguf; GGUF files there: tiny\.gguf"):
        pull("hf:me/model:other.gguf")


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_is_no_model_and_goes_on(server: Hub, ranges: bool) -> None:
    server.breaks_at, server.ranges = 2_500_000, ranges
    with pytest.raises(LlmosError, match="pull again to go on"):
        pull()
    assert shown() == []
    server.asked.clear()
    assert pull() == FILES
    (went_on,) = [asked for name, asked in server.asked if name == "model.safetensors"]
    assert went_on is not None
    assert int(went_on[6:-1]) >= 2_000_000


def test_interrupted_it_is_no_model_and_goes_on(server: Hub) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > 2_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(meter=interrupt)
    assert shown() == []
    assert pull() == FILES


def test_a_new_revision_begins_anew(server: Hub) -> None:
    server.breaks_at = 2_500_000
    with pytest.raises(LlmosError):
        pull()
    server.revision = "b" * 40
    server.files = server.files | {"model.safetensors": bytes(5_000_000)}
    assert pull()["model.safetensors"] == bytes(5_000_000)


def test_bytes_that_differ_from_their_hash_are_not_kept(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = server.listing()
    monkeypatch.setattr(server, "listing", lambda: honest)
    server.files = server.files | {"model.safetensors": FILES["model.safetensors"][::-1]}
    with pytest.raises(LlmosError, match="damaged"):
        pull()
    assert shown() == []
    server.files = FILES
    assert pull() == FILES


@pytest.mark.parametrize("listing", [[], {}, {"sha": "../..", "siblings": []}, {"sha": "a" * 40, "siblings": [3]}])
def test_a_listing_that_makes_no_sense(server: Hub, monkeypatch: pytest.MonkeyPatch, listing: Any) -> None:
    monkeypatch.setattr(server, "listing", lambda: listing)
    with pytest.raises(LlmosError) as caught:
        pull()
    assert "\n" not in str(caught.value)
    assert shown() == []


@pytest.mark.parametrize("name", ["hf:me", "hf:me/..", "hf:me/model:x.bin", "hf:../model", "hf:me/model:a/b.gguf"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(UsageError):
        hub.Repository.parse(name)
