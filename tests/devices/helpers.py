"""What the devices' tests share: asking a device, being refused by it, and holding text against a grammar."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from llguidance import LLMatcher, LLTokenizer

from llmos.devices.base import Context, Device, DeviceError


def ask(device: Device, text: str, ctx: Context | None = None) -> str:
    return device.call(text, ctx or Context()).text


def refusal(device: Device, text: str, ctx: Context | None = None) -> str:
    """The one line with which a call is refused; "" when it succeeds. Any other exception is the test's failure."""
    try:
        device.call(text, ctx or Context())
    except DeviceError as error:
        line = str(error)
        assert line
        assert "\n" not in line
        assert len(line) < 500
        return line
    return ""


def matcher(grammar: str) -> LLMatcher:
    made = LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_lark(grammar))
    assert not made.is_error(), made.get_error()
    return made


def accepts(grammar: str, text: str) -> bool:
    """Is `text` a whole sentence of the grammar?"""
    checker = matcher(grammar)
    tokens = LLTokenizer("byte").tokenize_str(text)
    return checker.validate_tokens(tokens) == len(tokens) and checker.consume_tokens(tokens) and checker.is_accepting()


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """A server on a loopback port for as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
