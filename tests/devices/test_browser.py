"""The browser: pages as text, links, and every address that it must not open. Servers are on loopback only."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.devices import browser as browser_module
from llmos.devices import hypertext
from llmos.devices.base import Context, Deadline, DeviceError
from llmos.devices.browser import Browser
from llmos.devices.charset import decoded
from llmos.devices.extractor import Extractor
from llmos.devices.hypertext import read_html, read_markdown

from .helpers import accepts, ask, refusal, serving

pytest.importorskip("lxml")

PAGE = """
<html><head><title>Rome &amp; back</title><style>p {}</style><script>alert(1)</script></head>
<body><nav><a href="/menu">menu</a></nav>
<main><h1>Rome</h1><p>A <b>short</b> <a href="trip.html">trip</a> to
the   city.</p><ul><li>one</li><li>two</li></ul>
<p hidden>HIDDEN</p><p style="display: none">HIDDEN</p><!-- HIDDEN -->
<table><tr><td>a</td><td>b</td></tr></table><pre>x
  y</pre><a href="javascript:alert(1)">js</a> <a href="http://elsewhere.example/">else</a> <a href="#top">top</a></main>
<footer>FOOT</footer></body></html>
"""


class Site(BaseHTTPRequestHandler):
    """What the fake site answers, by path."""

    def do_GET(self) -> None:
        path = self.path
        if path.startswith("/to?"):
            self.reply(302, {"Location": path[4:]})
        elif path == "/loop":
            self.reply(302, {"Location": "/loop"})
        elif path == "/page":
            self.reply(200, {"Content-Type": "text/html; charset=utf-8"}, PAGE.encode())
        elif path == "/trip.html":
            self.reply(200, {"Content-Type": "text/html"}, b"<p>The trip.</p>")
        elif path == "/latin":
            self.reply(200, {"Content-Type": "text/html"}, "<meta charset=latin-1><p>Käse".encode("latin-1"))
        elif path == "/odd":
            self.reply(200, {"Content-Type": "text/plain; charset=no-such-thing"}, "Käse".encode())
        elif path == "/zip":
            self.reply(200, {"Content-Type": "application/zip"}, b"PK")
        elif path == "/gzip":
            self.reply(200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, b"\x1f\x8b")
        elif path == "/big":
            self.reply(200, {"Content-Type": "text/plain"}, b"x" * (browser_module.MAX_BYTES + 1))
        elif path == "/drip":
            self.drip()
        elif path == "/rude":
            self.wfile.write(b"garbage\r\n\r\n")
        else:
            self.reply(404, {})

    def reply(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drip(self) -> None:
        """A byte now and then, for ever: each read succeeds, so that only a clock can end this."""
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        tick = threading.Event()
        try:
            while True:
                self.wfile.write(b".")
                self.wfile.flush()
                tick.wait(0.02)
        except OSError:
            return

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(Site) as found:
        yield found


@pytest.fixture
def web(tmp_path: Path, port: int) -> Iterator[Browser]:
    device = Browser([tmp_path], [f"127.0.0.1:{port}"])
    yield device
    device.close()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Browser]:
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    (home / "a.html").write_text(PAGE, encoding="utf-8")
    (home / "sub" / "b.md").write_text("# B\n\nBack to [a](../a.html), up to [s](../../secret.html).", encoding="utf-8")
    (home / "long.txt").write_text("word " * 2000, encoding="utf-8")
    (home / "link.html").symlink_to("../secret.html")
    (tmp_path / "secret.html").write_text("SECRET", encoding="utf-8")
    device = Browser([home])
    yield device
    device.close()


def test_a_page_is_clean_text_with_numbered_links(local: Browser) -> None:
    text = ask(local, "open a.html")
    assert text == (
        "Rome & back\n\n# Rome\n\nA short trip [1] to the city.\n\n- one\n- two\na  b\nx\n  y\njs [2] else [3] top"
    )


def test_follow_find_and_back_among_local_pages(local: Browser) -> None:
    assert local.call("open sub/b.md", Context()).origin == "file:sub/b.md"
    assert "B" in ask(local, "find BACK")
    assert refusal(local, "follow 2") == "'..' leaves the home folder"
    assert ask(local, "follow 1").startswith("Rome & back")
    assert refusal(local, "follow 2").startswith("that link leads to no page")
    assert refusal(local, "follow 3") == "the host elsewhere.example is not allowed: the browser is off the network"
    assert refusal(local, "follow 4") == "this page has links 1 to 3"


def test_long_pages_come_in_screens(local: Browser) -> None:
    first = ask(local, "open long.txt")
    assert "[7,999 characters more; write: more]" in first
    rest = [ask(local, "more") for _ in range(5)]
    assert rest[-1] == "[the page ends here]"
    words = first.split("\n\n", 1)[1].split("\n[")[0] + "".join(text.split("\n[")[0] for text in rest[:-1])
    assert words.split() == ["word"] * 2000


def test_each_caller_has_its_own_page(local: Browser) -> None:
    ask(local, "open a.html", Context(caller=1))
    assert refusal(local, "find Rome", Context(caller=2)) == "no page is open; write: open URL"
    assert "Rome" in ask(local, "find Rome", Context(caller=1))


HOSTILE = [
    "open http://example.com/",
    "open https://example.com/",
    "open http://localhost/",
    "open http://127.0.0.1/",
    "open http://127.0.0.1:1/",
    "open http://127.1/",
    "open http://2130706433/",
    "open http://0x7f000001/",
    "open http://[::1]/",
    "open http://[::ffff:127.0.0.1]/",
    "open http://0.0.0.0/",
    "open http://169.254.169.254/latest/meta-data",
    "open http://user@127.0.0.1/",
    "open http://allowed.example@evil.example/",
    "open http://allowed.example:99999/",
    "open http://allowed.example.evil.example/",
    "open http://allowed.example\\@evil.example/",
    "open http://allowed.example\t.evil.example/",
    "open http://ALLOWED.example:8080/",
    "open https://",
    "open http:///x",
    "open http://[",
    "open http://" + "a" * 3000,
    "open HTTP://evil.example/",
    "open file:///etc/passwd",
    "open FILE:/etc/passwd",
    "open ftp://allowed.example/",
    "open data:text/html,x",
    "open javascript:alert(1)",
    "open view-source:http://allowed.example",
    "open //evil.example/x",
    "open /etc/passwd",
    "open ../secret.html",
    "open link.html",
    "open a.html\0.md",
    "open /proc/self/environ.txt",
    "open secret",
    "open sub",
    "open",
    "follow x",
    "follow -1",
    "follow ٣",
    "find",
    "close",
    "",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:40]))
def test_hostile_addresses_are_refused(local: Browser, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("went to the network")

    monkeypatch.setattr(socket, "create_connection", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    local.hosts = frozenset({"allowed.example"})
    ask(local, "open a.html")
    line = refusal(local, text)
    assert line
    assert "SECRET" not in line


def test_an_allowed_page_is_read(web: Browser, port: int) -> None:
    result = web.call(f"open http://127.0.0.1:{port}/page", Context())
    assert result.origin == f"web:http://127.0.0.1:{port}/page"
    assert result.text.startswith("Rome & back")
    assert ask(web, "follow 1").endswith("The trip.")


def test_redirects_are_judged_like_any_address(web: Browser, port: int) -> None:
    here = f"http://127.0.0.1:{port}"
    assert ask(web, f"open {here}/to?/trip.html").endswith("The trip.")
    assert "evil.example is not allowed" in refusal(web, f"open {here}/to?http://evil.example/")
    assert "localhost is not allowed" in refusal(web, f"open {here}/to?http://localhost:{port}/page")
    assert refusal(web, f"open {here}/to?file:///etc/passwd")
    assert refusal(web, f"open {here}/to?//evil.example/")
    assert refusal(web, f"open {here}/loop") == "more than 5 redirects"


def test_odd_answers_are_one_line_each(web: Browser, port: int) -> None:
    here = f"open http://127.0.0.1:{port}"
    assert refusal(web, f"{here}/zip") == "not a page but application/zip"
    assert "compressed" in refusal(web, f"{here}/gzip")
    assert "too large" in refusal(web, f"{here}/big")
    assert "404" in refusal(web, f"{here}/none")
    assert refusal(web, f"{here}/rude")
    assert ask(web, f"{here}/latin").endswith("Käse")
    assert ask(web, f"{here}/odd").endswith("Käse")


def test_a_server_that_drips_is_left_in_time_and_on_cancel(web: Browser, port: int) -> None:
    began = time.monotonic()
    assert refusal(web, f"open http://127.0.0.1:{port}/drip", Context(timeout=0.4)) == "timed out after 0.4 seconds"
    stop = time.monotonic() + 0.3
    slow = Context(timeout=30, cancelled=lambda: time.monotonic() > stop)
    assert refusal(web, f"open http://127.0.0.1:{port}/drip", slow) == "cancelled"
    assert time.monotonic() - began < 3


def test_a_name_that_leads_inward_is_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: an allowed name that suddenly means this machine."""
    inward = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: inward)
    assert "leads to this machine" in refusal(
        Browser(hosts=[f"good.example:{port}"]), f"open http://good.example:{port}/page"
    )


BOMBS = {
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x",
    "markdown": "![[" * 50_000,
}


PAGE_BYTES = [
    ("<p>Käse".encode("utf-16"), None, "<p>Käse"),
    (b"\xef\xbb\xbf<p>K\xc3\xa4se", "latin-1", "<p>Käse"),
    ("<p>Käse".encode("cp1252"), "windows-1252", "<p>Käse"),
    ("<p>ここ".encode("shift_jis"), "Shift_JIS", "<p>ここ"),
    (b"a-aa", "punycode", "a-aa"),
    (b"<p>a", "base64", "<p>a"),
]


@pytest.mark.parametrize(("data", "charset", "text"), PAGE_BYTES)
def test_bytes_are_read_as_they_say(data: bytes, charset: str | None, text: str) -> None:
    assert decoded(data, charset).text == text


@pytest.mark.parametrize("name", BOMBS)
def test_a_page_made_to_hang_the_reader_costs_one_child(name: str) -> None:
    reader = Extractor()
    began = time.monotonic()
    with pytest.raises(DeviceError, match="timed out"):
        reader.read("html" if name == "attributes" else "markdown", BOMBS[name], Deadline(Context(timeout=0.5)))
    assert time.monotonic() - began < 3
    assert reader.read("html", "<p>fine", Deadline(Context())).text == "fine"
    reader.close()


def test_a_reader_that_dies_is_one_line_and_is_replaced() -> None:
    reader = Extractor()
    reader.read("html", "<p>fine", Deadline(Context()))
    assert reader.child is not None
    reader.child.kill()
    with pytest.raises(DeviceError, match="broke the reader"):
        reader.read("html", "<p>fine", Deadline(Context()))
    assert reader.read("html", "<p>fine", Deadline(Context())).text == "fine"
    reader.close()


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\0",
        "<",
        "<div>" * 50_000,
        "&#0;&#x110000;&bogus;",
        "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
    ],
)
def test_strange_html_is_some_page(source: str) -> None:
    assert "root:" not in read_html(source).text


def test_what_is_nested_too_deeply_is_not_left_out_in_silence() -> None:
    assert read_html("<p>first" + "<div>" * 1000 + "deep").text == "first\n\ndeep"
    assert read_html("<p>first" + "<div>" * 200_000 + "deep").text == f"first{hypertext.TOO_DEEP}"
    assert read_markdown("> " * 40 + "deep").text == "deep"
    for marks in ("> " * 200, "- " * 200, "1. " * 200):
        assert read_markdown(f"# a\n\n{marks}deep").text == f"{hypertext.TANGLED}# a\n\n{marks}deep"


def test_a_markdown_page_that_takes_too_long_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hypertext, "SECONDS", 0.05)
    began = time.process_time()
    assert read_markdown("![" * 20_000).text.startswith(hypertext.TANGLED + "![![")
    assert time.process_time() - began < 1.5


@settings(deadline=None)
@given(st.text(st.sampled_from("<>/ab pliahref='\"=&;!-[]()#*`\n"), max_size=120))
def test_any_text_is_a_page_of_printable_text(source: str) -> None:
    for page in (read_html(source), read_markdown(source)):
        assert all(c.isprintable() or c == "\n" for c in page.text)
        assert len(page.links) <= len(source) // 2


@given(st.lists(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8), min_size=1, max_size=30))
def test_links_keep_their_numbers_and_places(names: list[str]) -> None:
    page = read_html("".join(f'<p><a href="{n}.html">{name}</a></p>' for n, name in enumerate(names)))
    assert page.links == tuple(f"{n}.html" for n in range(len(names)))
    assert page.text.split("\n\n") == [f"{name} [{n}]" for n, name in enumerate(names, 1)]


@pytest.mark.parametrize("text", ["open a.html", "follow 3", "find Rome now", "more", "open http://x.example/a?b=1"])
def test_grammar_accepts_commands(text: str) -> None:
    assert accepts(Browser.grammar, text)


@pytest.mark.parametrize("text", ["", "open", "follow 0", "follow x", "go", "open a b"])
def test_grammar_rejects_other_text(text: str) -> None:
    assert not accepts(Browser.grammar, text)
