"""Names in calls: paths, web addresses, people. A name that could mean something else than it says is nobody's.

Knows: how each is written, and which spellings look alike. Does not know: which call it stands in, who may use it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from unicodedata import normalize

Path = tuple[str, ...]
"""A file's path in parts below the home folder; an absolute one begins with the part "/"."""

MAX_PARTS = 64

_SPELT = re.compile(r"%(?:2e|2f|5c|00)", re.IGNORECASE).search  # a dot, a slash, a backslash or a zero byte, spelt out
_WEB = re.compile(
    r"""(https?)://([a-z0-9._-]+)(?::([0-9]{1,5}))?  # no user name, nothing that is decoded later
    ((?:/[!"$->@-\[\]-~]*)?)((?:\?[!"$-\[\]-~]*)?)(?:\#[!-\[\]-~]*)?""",
    re.IGNORECASE | re.VERBOSE,
).fullmatch
_ADDRESS = re.compile(r"[^\s@,;<>()\[\]:\"|&]+@[^\s@,;<>()\[\]:\"|&]+").fullmatch


_USUAL = re.compile(r"[\w-][\w. -]*(?:/[\w-][\w. -]*){0,20}", re.ASCII).fullmatch  # nothing that needs a closer look


def path_of(text: Any) -> Path | None:
    """A path in parts; None for one that could name something else than it says (.., ~, backslash, control characters)."""
    if not isinstance(text, str):
        return None
    if _USUAL(text):
        return tuple(text.split("/"))
    if text.startswith(("~", "$")) or "\\" in text or ":/" in text or not text.isprintable():
        return None
    if "%" in text and _SPELT(text):
        return None
    parts = text.split("/")
    if "" in parts or "." in parts:
        parts = [part for part in parts if part and part != "."]
    if ".." in parts or len(parts) > MAX_PARTS or not (text.isascii() or _says_so(text)):
        return None
    return ("/", *parts) if text.startswith("/") else tuple(parts)


def _says_so(text: str) -> bool:
    """No letter of another width or shape stands for a dot or a slash."""
    plain = normalize("NFKC", text)
    return plain.count("/") == text.count("/") and ".." not in plain.split("/") and "\\" not in plain


@lru_cache(maxsize=4096)
def fold(path: Path) -> Path:
    """The path as a disk sees it that does not tell capitals apart."""
    return tuple([normalize("NFC", part.casefold()) for part in path])


def host_of(url: str) -> tuple[str, bool] | None:
    """(host or host:port, does it carry data?) of a web address; None for one that can't be read with certainty."""
    match = _WEB(url)
    if match is None:
        return None
    scheme, host, port, path, query = match.groups()
    host = host.lower().rstrip(".")
    if not host or (port and int(port) > 65535):
        return None
    if port and int(port) != (443 if len(scheme) == 5 else 80):
        host = f"{host}:{int(port)}"
    return host, len(query) > 1 or len(path) > 60 or "%" in path


def is_web(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://"))


def person(name: str) -> str:
    """A recipient or a reader, compared but for case; "" for a name that nobody has, or that is drawn like another's."""
    text = name.strip()
    if not text.isprintable():
        return ""
    if text.isascii():
        return text.lower()
    usual = normalize("NFC", text)
    return usual.lower() if usual == normalize("NFKC", text) else ""


def is_address(name: str) -> bool:
    """One address of one person, and nothing beside it."""
    return _ADDRESS(name) is not None
