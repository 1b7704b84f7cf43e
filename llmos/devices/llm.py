"""Another language model, somewhere else: a question goes out over the OpenAI-compatible protocol, its answer comes back.

Knows: one address, how an answer streams in, which failures are worth another try. Does not know: any other host; it
follows no redirect. vLLM, the llama.cpp server and Ollama speak this protocol. Off until an address is configured.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from .base import Context, Deadline, DeviceError, Result, cut, one_line, whole
from .net import connection

TRIES = 3
BUSY = (408, 429, 500, 502, 503, 504)  # answers that may be better next time
MAX_QUESTION = 20_000  # characters
MAX_ANSWER = 20_000  # characters kept of an answer
MAX_LINE = 1 << 16  # bytes of one streamed event
MAX_TOKENS = 512


class _Busy(Exception):
    """The server is there but can't answer now."""


class RemoteModel:
    """`url` is the API's root, such as "http://127.0.0.1:8080/v1". `pause` seconds pass before a second try, twice as many
    before a third."""

    name = "llm"
    help = "asks another language model, such as llm Say in one sentence what paging is"
    usage = ("TEXT",)
    grammar = "start: TEXT\nTEXT: /(.|\\n){1,2000}/\n"
    outside = True

    def __init__(self, url: str, model: str, key: str = "", pause: float = 0.5) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise DeviceError(f"{one_line(url, 80)} is no address of a model server")
        self.scheme, self.host, self.root = parts.scheme, parts.hostname, parts.path.rstrip("/")
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.model = model
        self.key = key
        self.pause = pause

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError when the server is away, refuses, or breaks off. A stream that broke off is not tried again."""
        question = text.strip()
        if not 1 <= len(question) <= MAX_QUESTION:
            raise DeviceError(f"a question has 1 to {MAX_QUESTION:,} characters")
        deadline = Deadline(ctx)
        for attempt in range(TRIES):
            try:
                answer = self._ask(question, ctx, deadline)
                return Result(cut(answer.strip()) or "(no answer)", f"llm:{self.model}@{self.host}")
            except _Busy as busy:
                reason = str(busy)
            if attempt + 1 < TRIES:
                _sleep(self.pause * 2**attempt, deadline)
        raise DeviceError(f"{self.host} can't answer now, after {TRIES} tries: {reason}")

    def _ask(self, question: str, ctx: Context, deadline: Deadline) -> str:
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": question}],
            "stream": True,
            "max_tokens": MAX_TOKENS,
        }
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        with connection(self.scheme, self.host, self.port, deadline, local=True) as link:
            try:
                link.request("POST", f"{self.root}/chat/completions", json.dumps(body).encode(), headers)
                response = link.getresponse()
            except OSError as error:
                deadline.check()
                raise _Busy(one_line(error) or type(error).__name__) from None
            _refuse(response, self.model)
            return _answer(response, ctx, deadline)


def _refuse(response: HTTPResponse, model: str) -> None:
    """Raises for every status but 200: _Busy if another try may help, else DeviceError."""
    if response.status in BUSY:
        raise _Busy(f"status {response.status}")
    reasons = {401: "the key is refused", 403: "the key is refused", 404: f"no model {model!r} at this address"}
    if response.status != 200:
        raise DeviceError(f"the model server refuses: {reasons.get(response.status, f'status {response.status}')}")


def _answer(response: HTTPResponse, ctx: Context, deadline: Deadline) -> str:
    """The whole answer, streamed to the screen as it comes."""
    if response.headers.get_content_type() == "application/json":
        return _content(_json(response.read(4 * MAX_ANSWER).decode(errors="replace")), "message")[:MAX_ANSWER]
    parts: list[str] = []
    size = 0
    for event in _events(response, deadline):
        part = _content(event, "delta")
        if part:
            parts.append(part)
            size += len(part)
            ctx.stream(part)
        if size > MAX_ANSWER:
            break
    return "".join(parts)[:MAX_ANSWER]


def _events(response: HTTPResponse, deadline: Deadline) -> Iterator[dict[str, Any]]:
    """Server-sent events, up to the one that says it is done. Raises DeviceError when the stream ends before."""
    while line := response.readline(MAX_LINE):
        deadline.check()
        text = line.decode(errors="replace").strip()
        if text == "data: [DONE]":
            return
        if text.startswith("data:"):
            event = _json(text[5:])
            yield event
            if any(choice.get("finish_reason") for choice in _choices(event)):
                return
    deadline.check()
    raise DeviceError("the model server broke off in the middle of its answer")


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise DeviceError("the model server answers something that is not its protocol")
    if "error" in value:
        error = value["error"]
        raise DeviceError(
            f"the model server says: {one_line(error.get('message') if isinstance(error, dict) else error)}"
        )
    return value


def _choices(event: dict[str, Any]) -> list[dict[str, Any]]:
    choices = event.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def _content(event: dict[str, Any], part: str) -> str:
    """The text of the first choice's "delta" or "message"; "" when there is none."""
    inner = _choices(event)[0].get(part) if _choices(event) else None
    content = inner.get("content") if isinstance(inner, dict) else None
    return whole(content) if isinstance(content, str) else ""


def _sleep(seconds: float, deadline: Deadline) -> None:
    """Wait, but not past the deadline or a cancellation."""
    until = threading.Event()
    while seconds > 0:
        deadline.check()
        until.wait(min(seconds, 0.05))
        seconds -= 0.05
