"""The remote model, against a fake server on loopback that can be slow, busy, broken or gone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import pytest

from llmos.devices.base import MAX_RESULT, Context, DeviceError
from llmos.devices.llm import TRIES, RemoteModel

from .helpers import ask, refusal, serving


def answer(body: bytes, head: bytes = b"Content-Type: application/json") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body


STREAM = b"Content-Type: text/event-stream"
HOSTILE = [
    b"\x00\xff\r\n\r\n",
    b"HTTP/1.1 999 Odd\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 307 Go\r\nLocation: file:///etc/passwd\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000,
    answer(b"{}", b"X: " + b"x" * 100_000),
    answer(b"{}", b"\r\n".join(b"X%d: y" % n for n in range(1_000))),
    answer(b"{", b"Content-Type: application/json\r\nContent-Length: 99999999999"),
    answer(b"{}", b"Content-Type: application/json\r\nContent-Length: -5"),
    answer(b"zz\r\n", STREAM + b"\r\nTransfer-Encoding: chunked"),
    answer(b"ffffffffffffffff\r\nx", STREAM + b"\r\nTransfer-Encoding: chunked"),
    answer(b"[]"),
    answer(b"[" * 100_000),
    answer(b'{"choices": NaN}'),
    answer(b'{"choices": [null, 5]}'),
    answer(b'{"choices": [{"message": {"content": ["a"]}}]}'),
    answer(b'{"choices": [{"message": {"content": "\\ud800 \\u0000 \\u001b[2J"}}]}'),
    answer(b'{"choices": [{"message": "x"}]}'.decode().encode("utf-16")),
    answer(b'{"error": null}'),
    answer(b'{"error": {"message": {"a": "' + b"x" * 10_000 + b'"}}}'),
    answer(b"data:\n\n", STREAM),
    answer(b"data: [DONE]\n\n", STREAM),
    answer(b'data: {"choices": [{"delta": "x", "finish_reason": 5}]}\n\n', STREAM),
    answer(b'data: {"choices": [{"delta": {"content": "\\udfff"}}]}\n\ndata: [DONE]\n\n', STREAM),
    answer(b"\n" * 100_000, STREAM),
    answer(b": nothing\r\n" * 10_000, STREAM),
    answer(b"\x1f\x8b\x08", b"Content-Type: application/json\r\nContent-Encoding: gzip"),
]


class Fake(BaseHTTPRequestHandler):
    """Answers by the model's name; remembers what it was asked."""

    asked: ClassVar[list[dict[str, Any]]] = []
    keys: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["model"].startswith("raw "):
            self.close_connection = True
            self.wfile.write(HOSTILE[int(body["model"][4:])])
            return
        self.asked.append({"path": self.path, **body})
        self.keys.append(self.headers.get("Authorization", ""))
        getattr(self, body["model"].replace("-", "_"))()

    def begin(self, status: int = 200, kind: str = "text/event-stream") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()

    def say(self, text: str, **more: Any) -> None:
        event = {"choices": [{"delta": {"content": text}, **more}]}
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        self.wfile.flush()

    def good(self) -> None:
        self.begin()
        self.wfile.write(b": a comment\n\n")
        for word in ("Pages ", "fit ", "frames."):
            self.say(word)
        self.wfile.write(b"data: [DONE]\n\n")

    def finishes(self) -> None:
        self.begin()
        self.say("done", finish_reason="stop")

    def whole(self) -> None:
        self.begin(kind="application/json")
        self.wfile.write(json.dumps({"choices": [{"message": {"content": "all at once"}}]}).encode())

    def endless(self) -> None:
        self.begin()
        try:
            while True:
                self.say("more " * 100)
        except OSError:
            return

    def slow(self) -> None:
        self.begin()
        self.say("wait")
        threading.Event().wait(20)

    def breaks_off(self) -> None:
        self.begin()
        self.say("half an")

    def busy(self) -> None:
        self.begin(503)

    def busy_once(self) -> None:
        if sum(asked["model"] == "busy-once" for asked in self.asked) == 1:
            self.begin(503)
        else:
            self.good()

    def forbidden(self) -> None:
        self.begin(401)

    def elsewhere(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://evil.example/")
        self.end_headers()

    def garbage(self) -> None:
        self.begin()
        self.wfile.write(b"data: {oops\n\n")

    def complains(self) -> None:
        self.begin()
        self.wfile.write(b'data: {"error": {"message": "out of\\nmemory"}}\n\n')

    def odd(self) -> None:
        self.begin()
        self.wfile.write(b'data: {"choices": 5}\n\ndata: {"choices": [{"delta": {"content": 7}}]}\n\ndata: [DONE]\n\n')

    def long_line(self) -> None:
        self.begin()
        self.wfile.write(b"data: " + b"x" * 200_000)

    def nothing(self) -> None:
        self.wfile.write(b"")

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(Fake) as port:
        yield f"http://127.0.0.1:{port}/v1"


def model(url: str, name: str, key: str = "") -> RemoteModel:
    return RemoteModel(url, name, key, pause=0)


def test_an_answer_streams_to_the_screen_and_comes_back_whole(url: str) -> None:
    seen: list[str] = []
    result = model(url, "good", "k1").call("What fits?", Context(stream=seen.append))
    assert result.text == "Pages fit frames."
    assert result.origin == "llm:good@127.0.0.1"
    assert seen == ["Pages ", "fit ", "frames."]
    assert Fake.asked[-1]["path"] == "/v1/chat/completions"
    assert Fake.asked[-1]["messages"] == [{"role": "user", "content": "What fits?"}]
    assert Fake.keys[-1] == "Bearer k1"


@pytest.mark.parametrize(
    ("name", "text"),
    [("finishes", "done"), ("whole", "all at once"), ("odd", "(no answer)"), ("busy-once", "Pages fit frames.")],
)
def test_other_ways_to_answer(url: str, name: str, text: str) -> None:
    assert ask(model(url, name), "x") == text


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("busy", f"127.0.0.1 can't answer now, after {TRIES} tries: status 503"),
        ("forbidden", "the model server refuses: the key is refused"),
        ("elsewhere", "the model server refuses: status 302"),
        ("garbage", "the model server answers something that is not its protocol"),
        ("complains", "the model server says: out of memory"),
        ("breaks-off", "the model server broke off in the middle of its answer"),
        ("long-line", "the model server answers something that is not its protocol"),
    ],
)
def test_failures_are_one_line_each(url: str, name: str, line: str) -> None:
    assert refusal(model(url, name), "x") == line


def test_a_busy_server_is_tried_three_times_and_a_broken_stream_once(url: str) -> None:
    for name, times in (("busy", TRIES), ("breaks-off", 1), ("nothing", TRIES)):
        before = len(Fake.asked)
        assert refusal(model(url, name), "x")
        assert len(Fake.asked) - before == times, name


def test_hostile_answers_are_a_short_text_or_one_line_and_in_time(url: str) -> None:
    for number in range(len(HOSTILE)):
        began = time.monotonic()
        device = model(url, f"raw {number}")
        if not refusal(device, "x", Context(timeout=3)):
            text = ask(device, "x", Context(timeout=3))
            assert len(text) < MAX_RESULT + 100, number
            text.encode()
        assert time.monotonic() - began < 6, number


def test_an_endless_answer_is_cut(url: str) -> None:
    assert len(ask(model(url, "endless"), "x")) < MAX_RESULT + 100


def test_a_slow_answer_is_left_in_time_and_on_cancel(url: str) -> None:
    began = time.monotonic()
    assert refusal(model(url, "slow"), "x", Context(timeout=0.3)) == "timed out after 0.3 seconds"
    late = Context(cancelled=lambda: time.monotonic() > began + 0.7)
    assert refusal(model(url, "slow"), "x", late) == "cancelled"
    assert time.monotonic() - began < 3


def test_a_server_that_is_away_is_named() -> None:
    assert refusal(model("http://127.0.0.1:1/v1", "good"), "x").startswith("127.0.0.1 can't")


@pytest.mark.parametrize("url", ["", "ftp://x/v1", "file:///etc/passwd", "http://", "http://a@b/v1"])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(DeviceError, match="no address"):
        RemoteModel(url, "m")


@pytest.mark.parametrize("text", ["", "  ", "x" * 30_000])
def test_questions_have_a_length(url: str, text: str) -> None:
    assert refusal(model(url, "good"), text)
