"""Bytes of a text or a page as characters: by their mark, by what is declared, as UTF-8, and only then by a guess.

Knows: byte order marks, declarations at the top of HTML and XHTML, the names of encodings as browsers take them (WHATWG,
"Encoding Standard"). Does not know: languages; a guess is windows-1252, or UTF-8 with errors where most of it is UTF-8.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CHARSETS = re.compile(r"utf-(8|16|32)|ascii|iso8859|iso2022|cp\d|koi8|mac-|big5|gb|hz|euc|shift|tis")
"""Those of Python's names that are for pages; decoding punycode takes time with the square of the length."""
MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""What pages mean that declare the narrower encoding."""
GUESS = "cp1252"
TOP = 2000  # bytes in which a page declares its encoding
_DECLARED = re.compile(
    rb"""<(?:meta\b[^>]{1,200}?\bcharset|\?xml\b[^>]{1,200}?\bencoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)


class Decoded(NamedTuple):
    """`guessed`: nothing says how these bytes are to be read, or they are not what is said."""

    text: str
    guessed: bool


def decoded(data: bytes, said: str | None = None, page: bool = True, cut: bool = False) -> Decoded:
    """`said` is the server's word; a `page` may declare its own; of `cut` bytes the last character may be in part."""
    mark = next((name for mark, name in MARKS if data.startswith(mark)), None)
    if mark:
        return Decoded(_read(data, mark, "replace", cut), False)
    name = _known(said) or (_declared(data) if page else None) or "utf-8"
    try:
        return Decoded(_read(data, name, "strict", cut), False)
    except UnicodeError:
        text = _read(data, name, "replace", cut)
    wrong = text.count("\ufffd")
    if 2 * wrong < sum(c > "\x7f" for c in text):
        return Decoded(text, True)
    return Decoded(_read(data, GUESS, "replace", cut), True)


def _read(data: bytes, name: str, errors: str, cut: bool) -> str:
    return codecs.getincrementaldecoder(name)(errors).decode(data, final=not cut)


def _known(name: str | None) -> str | None:
    """Python's name of an encoding for pages; None when it is none."""
    try:
        found = codecs.lookup(name or "").name
    except (LookupError, ValueError):
        return None
    return MEANT.get(found, found) if CHARSETS.match(found) else None


def _declared(data: bytes) -> str | None:
    """What the page says of itself. Words that can be read byte by byte are not UTF-16, whatever they say."""
    match = _DECLARED.search(data[:TOP])
    name = _known(match[1].decode()) if match else None
    return "utf-8" if name and name.startswith(("utf-16", "utf-32")) else name
