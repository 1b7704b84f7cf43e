"""Tokenizers: text round-trips, control ids never come out of text, and two algorithms agree with plainer ones."""

from __future__ import annotations

import json
import mmap
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from llmos import store
from llmos.cpu.tokenizers import of_bin, of_json
from llmos.cpu.tokenizers.of_gguf import tokenizer_of
from tests.cpu import model_files as files

NANO = store.nano() / "tokenizer.json"
WHOLE = json.loads(NANO.read_text("utf-8"))
OURS = of_json.tokenizer_of(WHOLE, {}, [2], 1024, None)
LIBRARY = Tokenizer.from_file(str(NANO))
SPOKEN = st.text() | st.lists(st.sampled_from([*OURS.control, "<|im", "end|>", " ", "12", "the"])).map("".join)


@given(SPOKEN)
def test_text_round_trips_and_never_becomes_control(text: str) -> None:
    ids = OURS.encode(text)
    assert not set(ids) & set(OURS.control.values())
    assert b"".join(OURS.piece(i) for i in ids) == text.encode("utf-8", "replace")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<")))
def test_plain_text_is_cut_as_the_library_cuts_it(text: str) -> None:
    assert OURS.encode(text) == LIBRARY.encode(text, add_special_tokens=False).ids


VARIED = [
    "It's 1,234.50 on 2026-11-25; they'll've said: don't!",
    "def f(x):\n    return [x ** 2\tfor x in range(10)]  # 37*48\r\n\n\n",
    "Größe, naïve, Ελληνικά, русский, 日本語, 한국어, العربية, हिन्दी",
    "👩‍👩‍👧 🏳️‍🌈 e\u0301 \u00a0\u2003\u200b \ufeff ½ ² Ⅷ ①",
    "  leading, trailing  \n \n\t\t x   ",
    "\x00\x7f\x80 <| im_start |> </s> ```sh\n$ ls -l | grep '^d'\n```",
    *(page.read_text("utf-8") for page in sorted((Path(store.__file__).with_name("library")).glob("*.md"))),
]


@pytest.mark.real
def test_smollm2_cuts_text_as_the_library_does() -> None:
    """Its vocabulary and merges, read here, in the library's own parts: digits alone, then GPT-2's pattern and bytes."""
    from llmos.cpu.loaders.gguf_header import parse

    path = store.resolve("smollm2")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        metadata = parse(data).metadata
    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ")) for pair in metadata["tokenizer.ggml.merges"]]
    library = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    parts = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    library.pre_tokenizer = pre_tokenizers.Sequence(parts)
    ours = tokenizer_of(metadata)
    for text in VARIED:
        ids = ours.encode(text)
        assert ids == library.encode(text, add_special_tokens=False).ids, text[:60]
        assert b"".join(ours.piece(i) for i in ids) == text.encode()


def test_gguf_and_json_of_one_vocabulary_agree() -> None:
    data = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": files.TOKENS,
        "tokenizer.ggml.token_type": [3] * 3 + [1] * (files.VOCAB - 3),
        "tokenizer.ggml.merges": [" ".join(pair) for pair in files.MERGES],
    }
    one, two = tokenizer_of(data), of_json.tokenizer_of(files.tokenizer_json(), {}, [], files.VOCAB, None)
    text = "the other 12 the<|im_end|>\n\té"
    assert one.encode(text) == two.encode(text)
    assert [one.piece(i) for i in one.encode(" the 12")] == [b" the", b" ", b"1", b"2"]


def by_llama2c(text: str, pieces: dict[bytes, tuple[int, float]]) -> list[int]:
    """llama2.c's loop as its author describes it: look at every pair, merge the best, start again."""
    parts = [c.encode() for c in " " + text]
    while True:
        best = max(
            ((pieces[a + b][1], -i) for i, (a, b) in enumerate(pairwise(parts)) if a + b in pieces),
            default=None,
        )
        if best is None:
            break
        i = -best[1]
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return [n for p in parts for n in ([pieces[p][0]] if p in pieces else [b + 3 for b in p])]


@given(st.text(st.sampled_from(" theringoaT.é")) | st.text(min_size=1))
def test_scored_pieces_merge_as_llama2c_merges(text: str) -> None:
    listed = files.story_pieces()
    tokenizer = of_bin._scored(files.tokenizer_bin(listed), "tokenizer.bin", len(listed))
    pieces = {raw: (i, score) for i, (score, raw) in enumerate(listed) if i >= 259}
    ids = tokenizer.encode(text)
    clean = text.encode("utf-8", "replace").decode()
    assert ids == (by_llama2c(clean, pieces) if text else [])
    assert not set(ids) & {0, 1, 2}
    assert b"".join(tokenizer.piece(i) for i in ids) == (b" " + clean.encode() if text else b"")


def test_without_a_file_there_are_bytes_and_a_note(tmp_path: Path) -> None:
    tokenizer = of_bin.tokenizer_of(tmp_path / "tokenizer.bin", 512)
    assert [tokenizer.piece(i) for i in tokenizer.encode("é<s>")] == [b"\xc3", b"\xa9", b"<", b"s", b">"]
    assert tokenizer.piece(461) == "⟨461⟩".encode()
    assert "bytes" in tokenizer.note
