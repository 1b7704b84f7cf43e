"""A `tokenizer.json` of the Hugging Face kind, with what `tokenizer_config.json` says beside it.

Knows: which parts of such a file we accept. Does not know: the model. The file is hostile input, so the library never
sees it as it is: a new one is written from the parts that are on the list, without added tokens (no text can name one)
and without dropout (the same text gives the same ids).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tokenizers import Tokenizer

from llmos.cpu.loaders.checked import Damaged, count, flag, shown, text

from . import Vocabulary, looks_special
from .pairs import Pairs, alphabet, pairs_of, spelled

NORMALIZERS = frozenset({"Sequence", "Prepend", "Replace", "NFC", "NFD", "NFKC", "NFKD"})
CUTTERS = frozenset({"Sequence", "Split", "ByteLevel", "Digits", "Metaspace"})
MAX_PARTS = 16
MAX_PATTERN = 2_000
"""Characters of one regular expression."""
Json = dict[str, Any]


def tokenizer_of(whole: Json, settings: Json, ends: list[int], vocab: int, template: str | None) -> Vocabulary:
    """`settings` is tokenizer_config.json; `ends` the ids that config files call the end; `vocab` the embedding's rows."""
    model = _object(whole, "model")
    if model.get("type", "BPE") != "BPE":
        raise Damaged(f"tokenizer of type {shown(model.get('type'))}; we read BPE")
    entries = _vocabulary(model, vocab)
    added = _added(whole, entries, vocab)
    words = {form: i for form, i in entries.items() if form not in added}
    byte_level = any(p.get("type") == "ByteLevel" for key in ("pre_tokenizer", "decoder") for p in _parts(whole, key))
    texts = [b""] * vocab
    for form, i in words.items():
        texts[i] = _bytes(form, byte_level)
    for form, (i, _) in added.items():
        texts[i] = form.encode("utf-8", "replace")
    control = {form: i for form, (i, special) in added.items() if special or looks_special(form)}
    bos = _named(settings, "bos_token", added)
    end = _named(settings, "eos_token", added)
    return Pairs(
        _library(whole, model, words, set(added)),
        texts,
        control,
        bos=bos,
        adds_bos=_adds_bos(whole, settings, bos, added),
        ends=[*ends, *([] if end is None else [end])],
        chat_template=template,
        leading_space=_leading_space(whole),
    )


def _object(whole: Json, key: str) -> Json:
    value = whole.get(key)
    if not isinstance(value, dict):
        raise Damaged(f"tokenizer.json has no {key}")
    return value


def _vocabulary(model: Json, vocab: int) -> dict[str, int]:
    entries = _object(model, "vocab")
    for form, i in entries.items():
        count(i, f"the id of {shown(form)}", 0, vocab - 1)
    if len(set(entries.values())) != len(entries):
        raise Damaged("tokenizer.json gives two tokens one id")
    return entries


def _added(whole: Json, entries: dict[str, int], vocab: int) -> dict[str, tuple[int, bool]]:
    """Added tokens: written form -> (id, is it special?)."""
    found: dict[str, tuple[int, bool]] = {}
    listed = whole.get("added_tokens") or []
    if not isinstance(listed, list):
        raise Damaged("added_tokens is no list")
    ids = {i: form for form, i in entries.items()}
    for item in listed:
        if not isinstance(item, dict):
            raise Damaged(f"the added token {shown(item)} is no object")
        form = text(item.get("content"), "an added token")
        i = count(item.get("id"), f"the id of {shown(form)}", 0, vocab - 1)
        if not form or ids.setdefault(i, form) != form or entries.get(form, i) != i or form in found:
            raise Damaged(f"the added token {shown(form)} clashes with another")
        found[form] = i, flag(item.get("special", False), "special")
    return found


def _parts(whole: Json, key: str) -> Iterator[Json]:
    """A component and the components in it."""
    waiting = [whole.get(key)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            for value in part.values():
                waiting += value if isinstance(value, list) else []


def _library(whole: Json, model: Json, words: dict[str, int], aside: set[str]) -> Tokenizer:
    """The library's tokenizer, from accepted parts only."""
    for key in ("continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(key):
            raise Damaged(f"{key} is not supported")
    merges = model.get("merges")
    if not isinstance(merges, list):
        raise Damaged("tokenizer.json has no list of merges")
    bare = {
        "type": "BPE",
        "vocab": words,
        "merges": [list(pair) for pair in pairs_of(merges, words, aside)],
        "byte_fallback": flag(model.get("byte_fallback", False), "byte_fallback"),
        "ignore_merges": flag(model.get("ignore_merges", False), "ignore_merges"),
    }
    clean: Json = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": _accepted(whole, "normalizer", NORMALIZERS),
        "pre_tokenizer": _accepted(whole, "pre_tokenizer", CUTTERS),
        "model": bare,
    }
    try:
        return Tokenizer.from_str(json.dumps(clean))
    except Exception as e:
        raise Damaged(f"tokenizer.json: {shown(str(e))}") from None


def _accepted(whole: Json, key: str, types: frozenset[str]) -> Json | None:
    """A component of which every part is on the list, and none can make a text grow."""
    part = whole.get(key)
    if part is None:
        return None
    if not isinstance(part, dict):
        raise Damaged(f"{key} is no object")
    found = list(_parts(whole, key))
    if len(found) > MAX_PARTS:
        raise Damaged(f"{key} has {len(found)} parts; at most {MAX_PARTS} are read")
    for one in found:
        kind = one.get("type")
        if not isinstance(kind, str) or kind not in types:
            raise Damaged(f"{key} of type {shown(kind)} is not supported")
        _tame(one)
    return part


def _tame(part: Json) -> None:
    pattern, content = part.get("pattern"), part.get("content", "")
    if pattern is not None:
        inside = list(pattern.values()) if isinstance(pattern, dict) else []
        if len(inside) != 1 or not isinstance(inside[0], str) or not 0 < len(inside[0]) <= MAX_PATTERN:
            raise Damaged(f"the pattern {shown(pattern)} is not supported")
    if len(text(content, "content")) > 1:
        raise Damaged(f"a replacement by {shown(content)} is not supported")
    if any(len(text(part.get(key, "x"), key)) != 1 for key in ("prepend", "replacement")):
        raise Damaged("only single characters may be put before or between words")


def _bytes(form: str, byte_level: bool) -> bytes:
    if byte_level:
        return spelled(form, alphabet())
    if len(form) == 6 and form.startswith("<0x") and form.endswith(">"):
        try:
            return bytes.fromhex(form[3:5])
        except ValueError:
            return form.encode("utf-8", "replace")
    return form.replace("▁", " ").encode("utf-8", "replace")


def _named(settings: Json, key: str, added: dict[str, tuple[int, bool]]) -> int | None:
    """The id of a token that the settings name, as text or as an object."""
    value = settings.get(key)
    form = value.get("content") if isinstance(value, dict) else value
    return added[form][0] if isinstance(form, str) and form in added else None


def _adds_bos(whole: Json, settings: Json, bos: int | None, added: dict[str, tuple[int, bool]]) -> bool:
    """What the settings say; if they are silent, whether the post-processor's template begins with it."""
    if isinstance(settings.get("add_bos_token"), bool):
        return bool(settings["add_bos_token"])
    for part in _parts(whole, "post_processor"):
        single = part.get("single")
        first = single[0] if isinstance(single, list) and single and isinstance(single[0], dict) else {}
        special = first.get("SpecialToken")
        form = special.get("id") if isinstance(special, dict) else None
        if isinstance(form, str) and form in added and added[form][0] == bos:
            return True
    return False


def _leading_space(whole: Json) -> bool:
    """Does a text get a space in front (sentencepiece's dummy prefix)?"""
    prepends = any(part.get("type") == "Prepend" for part in _parts(whole, "normalizer"))
    spaced = any(
        part.get("type") == "Metaspace" and part.get("prepend_scheme", "always") != "never"
        for part in _parts(whole, "pre_tokenizer")
    )
    return prepends or spaced
