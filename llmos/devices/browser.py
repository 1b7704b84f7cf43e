"""The browser: opens a page as clean text with numbered links, follows them, finds words.

Knows: local pages below given folders, and http(s) pages of allowed hosts; redirects are judged like any other address.
Does not know: how pages become text (`hypertext.py`), how bytes arrive (`net.py`), how folders are guarded (`home.py`).
Off the network unless hosts are named. Owns the page that each caller has open.
"""

from __future__ import annotations

import posixpath
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPResponse
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from .base import Context, Deadline, DeviceError, Result, one_line
from .charset import decoded
from .extractor import Extractor
from .home import Home
from .hypertext import Hypertext
from .net import connection

MAX_BYTES = 1024 * 1024  # of a page
MAX_REDIRECTS = 5
MAX_URL = 2000  # characters
MAX_OPEN = 64  # callers whose page is kept
SCREEN = 2000  # characters shown at once
MAX_FOUND = 10  # places that `find` shows
AROUND = 80  # characters shown on each side of a find

_GRAMMAR = r"""
start: "open " URL | "follow " /[1-9][0-9]{0,2}/ | "find " TEXT | "more"
URL: /[!-~]{1,200}/
TEXT: /[^\n]{1,100}/
"""
_KINDS = {"text/html": "html", "application/xhtml+xml": "html", "text/markdown": "markdown", "text/plain": "plain"}
_KEPT = "/%:@!$&'()*+,;=~-._"  # characters of an address that stay as they are


@dataclass(frozen=True)
class View:
    """One open page: where it is, what it says, and how far it has been shown."""

    url: str  # "https://..." or, for a local page, its path
    page: Hypertext
    shown: int = 0


class Browser:
    """`folders` hold local pages, looked at in order; `hosts` are names the network may be used for ("host" or "host:port")."""

    name = "browser"
    help = "reads web pages, such as browser open paging.md or browser follow 2"
    usage = ("open URL", "follow N", "find TEXT", "more")
    grammar = _GRAMMAR
    outside = True

    def __init__(self, folders: Sequence[Path] = (), hosts: Sequence[str] = ()) -> None:
        self.homes = [Home(folder) for folder in folders]
        self.hosts = frozenset(host.lower().rstrip(".") for host in hosts)
        self.extractor = Extractor()
        self.views: OrderedDict[int, View] = OrderedDict()  # by caller, the least recent first
        self.lock = threading.Lock()

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError for a page that may not or can't be read."""
        verb, _, rest = text.strip().partition(" ")
        rest = rest.strip()
        match verb:
            case "open" if rest:
                return self._show(self._open(rest, Deadline(ctx)), ctx)
            case "follow":
                return self._show(self._open(self._link(rest, ctx), Deadline(ctx)), ctx)
            case "find" if rest:
                return self._find(rest, ctx)
            case "more":
                return self._show(self._view(ctx), ctx)
        raise DeviceError(f"no such command; write one of: {' | '.join(self.usage)}")

    def close(self) -> None:
        self.extractor.close()

    # -- what is open -----------------------------------------------------------------------------------------------

    def _view(self, ctx: Context) -> View:
        with self.lock:
            view = self.views.get(ctx.caller)
        if view is None:
            raise DeviceError("no page is open; write: open URL")
        return view

    def _show(self, view: View, ctx: Context) -> Result:
        """The next screenful of a page; the view that has shown it is kept."""
        text = view.page.text[view.shown : view.shown + SCREEN]
        shown = view.shown + len(text)
        with self.lock:
            self.views[ctx.caller] = View(view.url, view.page, shown)
            self.views.move_to_end(ctx.caller)
            if len(self.views) > MAX_OPEN:
                self.views.popitem(last=False)
        head = f"{view.page.title or view.url}\n\n" if not view.shown else ""
        left = len(view.page.text) - shown
        tail = f"\n[{left:,} characters more; write: more]" if left else ""
        return Result(head + (text or "[the page ends here]") + tail, origin(view.url))

    def _link(self, number: str, ctx: Context) -> str:
        view = self._view(ctx)
        if not re.fullmatch("[0-9]{1,4}", number) or not 1 <= int(number) <= len(view.page.links):
            count = len(view.page.links)
            raise DeviceError(f"this page has links 1 to {count}" if count else "this page has no links")
        link = view.page.links[int(number) - 1]
        if is_web(view.url) or urlsplit_safe(link).scheme:
            link = urljoin(view.url, link)
            if not is_web(link):
                raise DeviceError(f"that link leads to no page: {link[:80]}")
            return link
        return posixpath.join(posixpath.dirname(view.url), unquote(link.partition("#")[0].partition("?")[0]))

    def _find(self, needle: str, ctx: Context) -> Result:
        view = self._view(ctx)
        lines: list[str] = []
        for match in re.finditer(re.escape(needle), view.page.text, re.IGNORECASE):
            around = view.page.text[max(match.start() - AROUND, 0) : match.end() + AROUND]
            lines.append("... " + " ".join(around.split()) + " ...")
            if len(lines) == MAX_FOUND:
                break
        return Result("\n".join(lines) or "not found on this page", origin(view.url))

    # -- where pages come from --------------------------------------------------------------------------------------

    def _open(self, url: str, deadline: Deadline) -> View:
        if len(url) > MAX_URL:
            raise DeviceError(f"address too long: at most {MAX_URL} characters")
        return self._fetch(url, deadline) if is_web(url) else self._local(url, deadline)

    def _read(self, kind: str, source: str, deadline: Deadline) -> Hypertext:
        if kind == "plain":
            return Hypertext("", "".join(c for c in source if c.isprintable() or c == "\n").strip(), ())
        return self.extractor.read(kind, source, deadline)

    def _local(self, path: str, deadline: Deadline) -> View:
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", path):
            raise DeviceError("only http, https and local pages can be opened")
        path = posixpath.normpath(path)
        kind = kind_of(path)
        reasons: list[DeviceError] = []
        for home in self.homes:
            try:
                data, _ = home.read(path)
            except DeviceError as error:
                reasons.append(error)
                continue
            return View(path, self._read(kind, decoded(data).text, deadline))
        raise reasons[0] if reasons else DeviceError("no local pages are mounted")

    def _fetch(self, url: str, deadline: Deadline) -> View:
        for _ in range(MAX_REDIRECTS + 1):
            parts = self._allowed(url)
            answer = _get(parts, deadline)
            if not isinstance(answer, str):
                return View(url, self._read(*answer, deadline))
            target = urljoin(url, answer)
            if parts.scheme == "https" and urlsplit_safe(target).scheme != "https":
                raise DeviceError("the page leads from https to somewhere less safe")
            url = target
        raise DeviceError(f"more than {MAX_REDIRECTS} redirects")

    def _allowed(self, url: str) -> SplitResult:
        """The parts of an address whose host was allowed by the person. Raises DeviceError for every other."""
        parts = urlsplit_safe(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in url:
            raise DeviceError("that is no web address")
        host = parts.hostname.rstrip(".")
        port = _port(parts)
        usual = port == (443 if parts.scheme == "https" else 80)
        if f"{host}:{port}" not in self.hosts and not (usual and host in self.hosts):
            why = "is not allowed" if self.hosts else "is not allowed: the browser is off the network"
            raise DeviceError(f"the host {host[:80]} {why}")
        return parts


def kind_of(path: str) -> str:
    """What a local file is by its name. Raises DeviceError for what is no page."""
    kinds = {".html": "html", ".htm": "html", ".md": "markdown", ".txt": "plain"}
    kind = kinds.get(posixpath.splitext(path)[1].lower())
    if kind is None:
        raise DeviceError(f"pages end in {', '.join(kinds)}")
    return kind


def origin(url: str) -> str:
    return f"web:{url}" if is_web(url) else f"file:{url}"


def is_web(url: str) -> bool:
    return url[:8].lower().startswith(("http://", "https://"))


def urlsplit_safe(url: str) -> SplitResult:
    """`urlsplit`, but what it can't read is a DeviceError, and so are blanks and control characters."""
    try:
        if not re.fullmatch(r"[^\x00-\x20\x7f]*", url):
            raise ValueError
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise DeviceError("that is no web address") from None
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _get(parts: SplitResult, deadline: Deadline) -> tuple[str, str] | str:
    """One request: the page's kind and source, or the address it says to go to instead."""
    host = (parts.hostname or "").rstrip(".")
    path = quote(parts.path or "/", safe=_KEPT) + ("?" + quote(parts.query, safe=_KEPT + "?") if parts.query else "")
    headers = {"User-Agent": "llmos", "Accept": ", ".join(_KINDS), "Accept-Encoding": "identity"}
    with connection(parts.scheme, host, _port(parts), deadline, local=_is_local(host)) as link:
        link.request("GET", path, headers=headers)
        response = link.getresponse()
        if response.status in (301, 302, 303, 307, 308):
            return response.headers.get("Location", "")
        if response.status != 200:
            raise DeviceError(f"{host} answers {response.status} {one_line(response.reason, 60)}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise DeviceError(f"{host} sends compressed pages although it was asked not to")
        kind = _KINDS.get(response.headers.get_content_type())
        if kind is None:
            raise DeviceError(f"not a page but {response.headers.get_content_type()[:60]}")
        return kind, decoded(_body(response, deadline), response.headers.get_content_charset()).text


def _body(response: HTTPResponse, deadline: Deadline) -> bytes:
    data = b""
    while chunk := response.read1(65536):
        deadline.check()
        data += chunk
        if len(data) > MAX_BYTES:
            raise DeviceError(f"the page is too large: more than {MAX_BYTES:,} bytes")
    deadline.check()
    return data


def _is_local(host: str) -> bool:
    """May this name lead to this machine? Only if the person wrote it as a number, or as localhost."""
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
