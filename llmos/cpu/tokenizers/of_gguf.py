"""The tokenizer in a GGUF file's metadata: kinds "gpt2" (byte-level BPE) and "llama" (scored pieces).

Knows: the keys `tokenizer.*` and the pre-tokenizers that go by name there. Does not know: the file's layout.
"""

from __future__ import annotations

from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from llmos.cpu.loaders.checked import Damaged, count, flag, shown, text

from . import Vocabulary
from .pairs import Pairs, alphabet, pairs_of, spelled
from .scores import Scores

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)
"""Types of tokens in GGUF."""

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
PATTERNS = {"llama-bpe": LLAMA3, "llama3": LLAMA3, "llama-v3": LLAMA3, "qwen2": QWEN2, "deepseek-r1-qwen": QWEN2}
DIGITS = frozenset({"smollm", "starcoder", "refact", "command-r", "codeshell"})
"""Names whose digits stand alone, and everything else is cut as GPT-2 does it."""
GPT2 = frozenset({"gpt-2", "gpt2", "default", "olmo"})


def tokenizer_of(metadata: dict[str, Any]) -> Vocabulary:
    """Damaged when the metadata can't be."""
    kind = metadata.get("tokenizer.ggml.model")
    if kind not in ("gpt2", "llama"):
        raise Damaged(f"tokenizer {shown(kind)}; we read gpt2 and llama")
    tokens = _strings(metadata, "tokens")
    types = metadata.get("tokenizer.ggml.token_type", [NORMAL] * len(tokens))
    if not isinstance(types, list) or len(types) != len(tokens):
        raise Damaged("tokenizer.ggml.token_type does not match the tokens")
    control = {t: i for i, t in enumerate(tokens) if types[i] in (CONTROL, UNKNOWN)}
    shared = _shared(metadata, len(tokens), kind)
    if kind == "gpt2":
        return _pairs(metadata, tokens, types, control, shared)
    return _scores(metadata, tokens, types, control, shared)


def _strings(metadata: dict[str, Any], key: str) -> list[str]:
    found = metadata.get(f"tokenizer.ggml.{key}")
    if not isinstance(found, list) or not found or not isinstance(found[0], str):
        raise Damaged(f"tokenizer.ggml.{key} is no list of texts")
    return found


def _shared(metadata: dict[str, Any], vocab: int, kind: str) -> dict[str, Any]:
    """What both kinds say in the same words."""

    def token(name: str) -> int | None:
        key = f"tokenizer.ggml.{name}_token_id"
        return count(metadata[key], key, 0, vocab - 1) if key in metadata else None

    def switch(name: str, default: bool) -> bool:
        key = f"tokenizer.ggml.{name}"
        return flag(metadata.get(key, default), key)

    template = metadata.get("tokenizer.chat_template")
    return {
        "bos": token("bos"),
        "adds_bos": switch("add_bos_token", kind == "llama"),
        "ends": [t for t in (token("eos"), token("eot"), token("eom")) if t is not None],
        "chat_template": None if template is None else text(template, "tokenizer.chat_template"),
        "leading_space": switch("add_space_prefix", True) if kind == "llama" else False,
    }


def _pairs(
    metadata: dict[str, Any], tokens: list[str], types: list[int], control: dict[str, int], shared: dict[str, Any]
) -> Pairs:
    aside = {t for t, kind in zip(tokens, types, strict=True) if kind in (CONTROL, UNKNOWN, USER, UNUSED)}
    vocabulary = {t: i for i, t in enumerate(tokens) if t not in aside}
    if len(vocabulary) + sum(t in aside for t in tokens) != len(tokens):
        raise Damaged("two tokens are written alike")
    name = text(metadata.get("tokenizer.ggml.pre", "default"), "tokenizer.ggml.pre")
    cutter = library(vocabulary, pairs_of(_strings(metadata, "merges"), vocabulary, aside), name in PATTERNS)
    known = _cut(cutter, name)
    note = "" if known else f"pre-tokenizer {shown(name)} is not known; text is cut as GPT-2 does it"
    letters = alphabet()
    texts = [t.encode() if t in aside else spelled(t, letters) for t in tokens]
    return Pairs(cutter, texts, control, note=note, **shared)


def library(vocabulary: dict[str, int], pairs: list[tuple[str, str]], whole_words: bool) -> Tokenizer:
    """A bare BPE. `whole_words`: a word that is a token needs no merging (Llama 3)."""
    return Tokenizer(models.BPE(vocab=vocabulary, merges=pairs, ignore_merges=whole_words))


def _cut(cutter: Tokenizer, name: str) -> bool:
    """Set the pre-tokenizer that goes by this name; False when GPT-2's had to do."""
    if name in PATTERNS:
        cutter.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(PATTERNS[name]), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        if PATTERNS[name] is QWEN2:
            cutter.normalizer = normalizers.NFC()
        return True
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = [pre_tokenizers.Digits(individual_digits=True)] if name in DIGITS else []
    cutter.pre_tokenizer = pre_tokenizers.Sequence([*digits, words])
    return name in DIGITS or name in GPT2


def _scores(
    metadata: dict[str, Any], tokens: list[str], types: list[int], control: dict[str, int], shared: dict[str, Any]
) -> Scores:
    scores = metadata.get("tokenizer.ggml.scores")
    if not isinstance(scores, list) or len(scores) != len(tokens) or not isinstance(scores[0], float):
        raise Damaged("tokenizer.ggml.scores does not match the tokens")
    aside = {i for i, kind in enumerate(types) if kind in (CONTROL, UNKNOWN, USER, UNUSED)}
    raw = [t.encode() if i in aside else piece_bytes(t, types[i] == BYTE) for i, t in enumerate(tokens)]
    return Scores(raw, scores, aside | {i for i, kind in enumerate(types) if kind == BYTE}, control, **shared)


def piece_bytes(form: str, byte: bool) -> bytes:
    """What a sentencepiece token stands for: "<0x0A>" is a byte, and the low block a space."""
    if byte:
        try:
            return bytes.fromhex(form.removeprefix("<0x").removesuffix(">"))
        except ValueError:
            raise Damaged(f"the byte token {shown(form)} is none") from None
    return form.replace("▁", " ").encode("utf-8", "replace")
