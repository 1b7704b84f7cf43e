"""A web page as plain text with numbered links, from HTML or Markdown.

Knows: which elements are blocks, links, or not for reading (scripts, menus, hidden text). Does not know: where pages
come from (`browser.py`). Pages that nobody vouches for are read in a child process (`extractor.py`), because lxml can be
made to take very long. Needs the extra `browser`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .base import DeviceError
from .stopping import TookTooLong, limited

MAX_LINKS = 500
NESTING = 60  # quotes and lists inside each other that a Markdown page may have; the library takes 20
SECONDS = 3.0  # of processor time to lay out a Markdown page
TOO_DEEP = "\n\n[the page is nested too deeply: what follows here is not shown]"
TANGLED = "[this page is too tangled to be laid out; this is its source]\n\n"
MISSING = 'reading HTML needs an extra: pip install "llmos[browser]"'

_BLOCKS = """
address article aside blockquote body br caption dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3
h4 h5 h6 header hgroup hr html legend li main nav ol option p pre search section summary table tr ul
"""
_SKIPPED = """
head script style noscript template svg math iframe object canvas audio video button select textarea
"""
_LINE, _PARAGRAPH = "\v", "\f"  # where a line and a paragraph end, until the text is put together
_MENUS = "nav footer aside"
_HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### "}
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


@dataclass(frozen=True)
class Hypertext:
    """`links[n - 1]` is where "[n]" in `text` leads, as the page writes it."""

    title: str
    text: str
    links: tuple[str, ...]


def read_html(source: str) -> Hypertext:
    """Raises DeviceError when the extra is not installed; every text is a page, if an empty one."""
    try:
        from lxml import etree
    except ImportError:
        raise DeviceError(MISSING) from None
    parser = etree.HTMLParser(
        encoding="utf-8", recover=True, no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = etree.fromstring(source.replace("\0", "").encode(errors="replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        return Hypertext("", "", ())
    title = " ".join("".join(root.xpath("string(//title)")).split())
    mains = root.xpath("//main | //article")
    reader = _Reader(skip_menus=bool(mains))
    reader.read(mains[0] if len(mains) == 1 else root)
    cut = any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log)
    return Hypertext(title[:200], (reader.text() + TOO_DEEP * cut).strip(), tuple(reader.links))


def read_markdown(source: str) -> Hypertext:
    """Markdown by way of HTML; one that is too tangled to be laid out, as it is. Raises DeviceError like `read_html`."""
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise DeviceError(MISSING) from None
    layout = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING}).enable("table")
    try:
        with limited(SECONDS):
            tokens = layout.parse(source)
            if any(token.level >= NESTING - 1 for token in tokens):
                raise TookTooLong
            html = layout.renderer.render(tokens, layout.options, {})
    except (TookTooLong, RecursionError):
        return Hypertext("", TANGLED + "".join(c for c in source if c.isprintable() or c == "\n").strip(), ())
    page = read_html(html)
    first = re.match(r"#+ (.+)", page.text)
    return Hypertext(page.title or (first[1] if first else ""), page.text, page.links)


class _Reader:
    """Walks a tree without recursion; owns the text so far. Runs of spaces become one, blocks begin a line."""

    def __init__(self, skip_menus: bool) -> None:
        self.skipped = frozenset(_SKIPPED.split() + _MENUS.split() * skip_menus)
        self.blocks = frozenset(_BLOCKS.split())
        self.parts: list[str] = []
        self.links: list[str] = []

    def read(self, root: Any) -> None:
        """Elements are entered and left by way of a stack of (element, leaving)."""
        stack = [(root, False)]
        while stack:
            element, leaving = stack.pop()
            if leaving:
                self.leave(element)
                if element is not root:
                    self.say(element.tail)
                continue
            if not self.visible(element):
                self.say(element.tail if element is not root else "")
                continue
            self.enter(element)
            stack.append((element, True))
            stack.extend((child, False) for child in reversed(element))

    def visible(self, element: Any) -> bool:
        hidden = (
            "hidden" in element.attrib
            or element.get("aria-hidden") == "true"
            or _HIDDEN.search(element.get("style", ""))
        )
        return isinstance(element.tag, str) and element.tag not in self.skipped and not hidden

    def enter(self, element: Any) -> None:
        if element.tag in self.blocks:
            self.parts.append(_PARAGRAPH if element.tag in ("p", *_HEADINGS) else _LINE)
        if element.tag == "li":
            self.parts.append("- ")
        self.parts.append(_HEADINGS.get(element.tag, ""))
        if element.tag == "img":
            self.say(element.get("alt"))
        self.say(element.text, kept=element.tag == "pre")

    def leave(self, element: Any) -> None:
        href = (element.get("href") or "").strip() if element.tag == "a" else ""
        if href and not href.startswith("#") and len(self.links) < MAX_LINKS:
            self.links.append(href[:2000])
            self.parts.append(f" [{len(self.links)}]")
        if element.tag in ("td", "th"):
            self.parts.append("  ")
        if element.tag in self.blocks:
            self.parts.append(_PARAGRAPH if element.tag in ("p", *_HEADINGS) else _LINE)

    def say(self, text: str | None, kept: bool = False) -> None:
        """Text as it is shown: only `pre` keeps its lines."""
        if text:
            self.parts.append(text if kept else re.sub(r"\s+", " ", text))

    def text(self) -> str:
        """Everything read, printable; an empty line only around paragraphs and headings."""
        text = "".join(self.parts).expandtabs(4)
        text = re.sub(r"[ \v\f]*\f[ \v\f]*", "\n\n", text)
        text = re.sub(r"[ \v]*\v[ \v]*", "\n", text)
        return "".join(c for c in text if c.isprintable() or c == "\n").strip()
