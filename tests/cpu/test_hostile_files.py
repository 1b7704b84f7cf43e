"""Malformed model files: each gives one clear line, through the loader and through the command line."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmos.cpu.loaders import load
from llmos.errors import ModelFileError
from tests.cpu import model_files as files

GOOD = files.good_gguf()
BIN = files.bin_file(files.weights(vocab=512), 512)
TENSORS = files.tensors(files.weights())


def meta(**changes: Any) -> bytes:
    """The good GGUF with metadata replaced (None removes); underscores stand for nothing: keys come as a dict."""
    data = {**files.metadata(), **changes}
    return files.gguf({k: v for k, v in data.items() if v is not None}, TENSORS)


def info(shape: tuple[int, ...] = (32,), kind: int = 0) -> bytes:
    return files.gguf(files.metadata(), [("output_norm.weight", shape, kind, bytes(128)), *TENSORS[:1], *TENSORS[2:]])


GGUFS: dict[str, bytes] = {
    **{
        f"cut at {n}": GOOD[:n]
        for n in (4, 6, 8, 15, 24, 25, 31, 40, 100, 500, 2000, 5000, len(GOOD) // 2, len(GOOD) - 40)
    },
    "version 99": files.gguf(files.metadata(), TENSORS, version=99),
    "big-endian version": files.gguf(files.metadata(), TENSORS, version=3 << 24),
    "2**63 tensors": files.gguf(files.metadata(), TENSORS, tensors=2**63),
    "60000 tensors": files.gguf(files.metadata(), TENSORS, tensors=60_000),
    "2**63 keys": files.gguf(files.metadata(), TENSORS, pairs=2**63),
    "a key too many": files.gguf(files.metadata(), TENSORS, pairs=len(files.metadata()) + 1),
    "offset beyond the end": files.gguf(files.metadata(), TENSORS, offsets={"output_norm.weight": 1 << 40}),
    "offset 2**64 - 32": files.gguf(files.metadata(), TENSORS, offsets={"output_norm.weight": 2**64 - 32}),
    "overlap": files.gguf(files.metadata(), TENSORS, offsets={"output_norm.weight": 0}),
    "odd offset": files.gguf(files.metadata(), TENSORS, offsets={"output_norm.weight": 7}),
    "negative shape": info((2**64 - 32,)),
    "zero shape": info((0,)),
    "huge shape": info((1 << 20, 1 << 20, 1 << 20)),
    "five dimensions": info((2, 2, 2, 2, 2)),
    "wrong shape": info((16, 2)),
    "unknown type": info(kind=999),
    "integer tensor": info(kind=26),
    "broken block": info((33,), 8),
    "missing tensor": files.gguf(files.metadata(), TENSORS[:-1]),
    "tensor twice": files.gguf(files.metadata(), [*TENSORS, TENSORS[0]]),
    "no tensors": files.gguf(files.metadata(), []),
    "array in array": meta(x=(9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 9, 1))),
    "array of huge count": meta(x=(9, struct.pack("<IQ", 4, 1 << 62))),
    "strings of huge count": meta(x=(9, struct.pack("<IQ", 8, 1 << 62))),
    "unknown value": meta(x=(77, b"")),
    "text of huge length": meta(x=(8, struct.pack("<Q", 1 << 63))),
    "text not UTF-8": meta(x=(8, files.string(b"\xff\xfe"))),
    "key not UTF-8": files.gguf({}, [])[:8] + struct.pack("<QQ", 0, 1) + files.string(b"\xc3\x28") + bytes(20),
    **{
        f"{key} {what}": meta(**{key: value})
        for key, what, value in [
            ("general.architecture", "mamba", (8, files.string("mamba"))),
            ("general.architecture", "missing", None),
            ("general.architecture", "number", files.u32(1)),
            ("general.alignment", "0", files.u32(0)),
            ("general.alignment", "33", files.u32(33)),
            ("llama.block_count", "0", files.u32(0)),
            ("llama.block_count", "2**32 - 1", files.u32(2**32 - 1)),
            ("llama.block_count", "2**31 - 1", files.u32(2**31 - 1)),
            ("llama.block_count", "text", (8, files.string("two"))),
            ("llama.attention.head_count", "0", files.u32(0)),
            ("llama.attention.head_count", "33", files.u32(33)),
            ("llama.attention.head_count_kv", "3", files.u32(3)),
            ("llama.embedding_length", "negative", (5, struct.pack("<i", -32))),
            ("llama.rope.freq_base", "NaN", files.f32(float("nan"))),
            ("llama.rope.freq_base", "infinite", files.f32(float("inf"))),
            ("llama.attention.layer_norm_rms_epsilon", "NaN", files.f32(float("nan"))),
            ("llama.rope.scaling.type", "yarn", (8, files.string("yarn"))),
            ("llama.attention.key_length", "huge", files.u32(2**31 - 2)),
            ("general.alignment", "2**20", files.u32(1 << 20)),
            ("general.architecture", "list", files.words(["llama"])),
            ("tokenizer.ggml.model", "bert", (8, files.string("bert"))),
            ("tokenizer.ggml.model", "list", files.words(["gpt2"])),
            ("tokenizer.ggml.pre", "list", files.words(["smollm"])),
            ("tokenizer.ggml.token_type", "few", files.numbers([1], 5, "i")),
            ("tokenizer.ggml.merges", "three", files.words(["t h e"])),
            ("tokenizer.ggml.bos_token_id", "true", (7, b"\1")),
            ("tokenizer.ggml.add_bos_token", "number", files.u32(1)),
            ("tokenizer.chat_template", "list", files.words(["a"])),
            ("tokenizer.ggml.tokens", "empty", files.words([])),
            ("tokenizer.ggml.tokens", "few", files.words(files.TOKENS[:9])),
            ("tokenizer.ggml.tokens", "numbers", files.numbers([1, 2], 5, "i")),
            ("tokenizer.ggml.tokens", "twins", files.words([*files.TOKENS[:-1], files.TOKENS[-2]])),
            ("tokenizer.ggml.merges", "no pair", files.words(["th"])),
            ("tokenizer.ggml.merges", "unknown", files.words(["q z"])),
            ("tokenizer.ggml.bos_token_id", "huge", files.u32(2**32 - 1)),
            ("tokenizer.chat_template", "number", files.u32(3)),
        ]
    },
    **{
        f"scores {what}": meta(**{"tokenizer.ggml.model": (8, files.string("llama")), "tokenizer.ggml.scores": value})
        for what, value in [
            ("texts", files.words(["1"] * files.VOCAB)),
            ("few", files.numbers([1.0], 6, "f")),
            ("missing", None),
        ]
    },
    **{
        f"rope_freqs {what}": files.gguf(files.metadata(), [*TENSORS, ("rope_freqs.weight", shape, kind, bytes(16))])
        for what, shape, kind in [("zero", (4,), 0), ("integers", (4,), 26), ("shape", (2, 2), 0)]
    },
}

BINS: dict[str, bytes] = {
    **{f"cut at {n}": BIN[:n] for n in (0, 3, 4, 27, 28, 1000, len(BIN) - 1)},
    "longer": BIN + b"x",
    **{
        f"header {header}": struct.pack("<7i", *header) + BIN[28:]
        for header in [(0,) * 7, (-32, 64, 2, 4, 2, 512, 64), (2**31 - 1,) * 7, (32, 64, 2, 3, 2, 512, 64)]
    },
    "newer": b"24ka" + BIN[4:],
    "no vocabulary for bytes": files.bin_file(files.weights(vocab=100), 100),
}


def change(name: str, edit: Callable[[Any], Any]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        value = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(edit(value) or value))

    return spoil


def put(name: str, data: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return spoil


def header(changed: dict[str, Any]) -> Callable[[Path], None]:
    return put("model.safetensors", files.safetensors(files.weights(), changed))


def loop(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to(folder / "config.json")


def weights_a_folder(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()


def index_outside(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../x.safetensors"}}')


def index_names(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))

    return spoil


def pipe(name: str) -> Callable[[Path], None]:
    """A named pipe in its place: who reads it waits for ever."""

    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return spoil


def theta(digits: bytes) -> Callable[[Path], None]:
    return put("config.json", json.dumps(files.config()).encode().replace(b"10000.0", digits))


def norm(**entry: Any) -> Callable[[Path], None]:
    return header({"model.norm.weight": {"dtype": "F32", "shape": [32], "data_offsets": [0, 128], **entry}})


def split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


PREPEND = {"type": "Prepend", "prepend": ""}
HIDDEN = {"type": "Sequence", "normalizers": {"0": {"type": "Evil"}}}

FOLDERS: dict[str, Callable[[Path], None]] = {
    "no config": lambda f: (f / "config.json").unlink(),
    "symlink loop": loop,
    "config empty": put("config.json", b""),
    "config no JSON": put("config.json", b"{"),
    "config a list": put("config.json", b"[]"),
    "config nested": put("config.json", b"[" * 200_000),
    "config not UTF-8": put("config.json", b'{"a": "\xff"}'),
    "config with a key twice": put("config.json", b'{"a": 1, "a": 2}'),
    "config NaN": put("config.json", json.dumps(files.config()).replace("10000.0", "NaN").encode()),
    "config fraction": change("config.json", lambda c: {**c, "hidden_size": 32.5}),
    "config negative": change("config.json", lambda c: {**c, "num_hidden_layers": -1}),
    "config huge": change("config.json", lambda c: {**c, "vocab_size": 10**30}),
    "config wrong": change("config.json", lambda c: {**c, "intermediate_size": 65}),
    "config gelu": change("config.json", lambda c: {**c, "hidden_act": "gelu"}),
    "no weights": lambda f: (f / "model.safetensors").unlink(),
    "weights a folder": weights_a_folder,
    "weights empty": put("model.safetensors", b""),
    "header longer than the file": put("model.safetensors", files.safetensors(files.weights(), length=2**60)),
    "header cut": put("model.safetensors", files.safetensors(files.weights(), length=50)),
    "weights cut": put("model.safetensors", files.safetensors(files.weights())[:-100]),
    "tensor missing": header({"model.norm.weight": None}),
    "tensor overlaps": norm(),
    "tensor type": norm(dtype="I4"),
    "tensor shape": norm(shape=[-32]),
    "tensor no shape": norm(shape="x"),
    "tensor offsets": norm(data_offsets=[128, 0]),
    "tensor far": norm(data_offsets=[1 << 50, (1 << 50) + 128]),
    "tokenizer empty": put("tokenizer.json", b"{}"),
    "tokenizer nested": put("tokenizer.json", b'{"a":' * 100_000),
    "tokenizer huge id": change("tokenizer.json", lambda t: t["model"]["vocab"].update(zz=2**62)),
    "tokenizer twin id": change("tokenizer.json", lambda t: t["model"]["vocab"].update(zz=9)),
    "tokenizer merges": change("tokenizer.json", lambda t: t["model"].update(merges=[["a"]])),
    "tokenizer kind": change("tokenizer.json", lambda t: t["model"].update(type="WordPiece")),
    "tokenizer cutter": change("tokenizer.json", lambda t: t.update(pre_tokenizer={"type": "Evil"})),
    "index outside": index_outside,
    "index no UTF-8": index_names("\ud800.safetensors"),
    "index NUL": index_names("\0.safetensors"),
    "index long": index_names("x" * 5_000 + ".safetensors"),
    **{f"{name} a pipe": pipe(name) for name in ("config.json", "model.safetensors", "chat_template.jinja")},
    "config deep in one place": theta(b"[" * 960 + b"]" * 960),
    "config beyond floats": theta(b"1" + b"0" * 400),
    "config beyond integers": theta(b"1" * 5_000),
    "config 2**31 - 1 layers": change("config.json", lambda c: {**c, "num_hidden_layers": 2**31 - 1}),
    "config end true": change("config.json", lambda c: {**c, "eos_token_id": True}),
    "config scaling": change("config.json", lambda c: {**c, "rope_scaling": {"rope_type": ["llama3"]}}),
    "twin among many": put("tokenizer.json", b"{" + b"".join(b'"%d":0,' % i for i in range(100_000)) + b'"99999":0}'),
    "tensor type a list": norm(dtype=["F32"]),
    "tensor nine dimensions": norm(shape=[1] * 9),
    "tensor offset true": norm(data_offsets=[True, 129]),
    "tokenizer pattern": change("tokenizer.json", lambda t: t.update(pre_tokenizer=split("(("))),
    "tokenizer prepends nothing": change("tokenizer.json", lambda t: t.update(normalizer=PREPEND)),
    "tokenizer parts in an object": change("tokenizer.json", lambda t: t.update(normalizer=HIDDEN)),
}
PIECES = files.tokenizer_bin(files.story_pieces())
TOKENIZERS = {
    "cut": PIECES[:50],
    "negative length": PIECES[:4] + struct.pack("<fi", 0, -5) + PIECES[12:],
    "huge length": PIECES[:4] + struct.pack("<fi", 0, 2**31 - 1) + PIECES[12:],
    "longer": PIECES + b"xx",
}


def refused(path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        load(path).params  # noqa: B018  (reads them)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("name", GGUFS)
def test_gguf(name: str, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(GGUFS[name])
    refused(tmp_path / "m.gguf")


@pytest.mark.parametrize("name", BINS)
def test_llama2c(name: str, tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(BINS[name])
    refused(tmp_path / "m.bin")


@pytest.mark.parametrize("name", FOLDERS)
def test_folder(name: str, tmp_path: Path) -> None:
    folder = files.folder(tmp_path / "m")
    FOLDERS[name](folder)
    refused(folder)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_tokenizer_bin(name: str, tmp_path: Path) -> None:
    vocab = len(files.story_pieces())
    (tmp_path / "m.bin").write_bytes(files.bin_file(files.weights(vocab=vocab), vocab))
    load(tmp_path / "m.bin")
    (tmp_path / "tokenizer.bin").write_bytes(TOKENIZERS[name])
    refused(tmp_path / "m.bin")


def test_more_layers_than_anybody_has_are_not_looked_for(tmp_path: Path) -> None:
    """A sparse file is as long as its header says: the count alone must be refused."""
    width, layers = 2, 1 << 20
    numbers = 2 * width + layers * (2 * width + 4 * width**2 + 3 * width) + width + 8 * width + 298 * width
    with (tmp_path / "m.bin").open("wb") as file:
        file.write(struct.pack("<7i", width, 1, layers, 1, 1, 300, 8))
        file.truncate(28 + 4 * numbers)
    refused(tmp_path / "m.bin")


def test_a_pattern_that_takes_for_ever_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = files.folder(tmp_path / "m")
    change("tokenizer.json", lambda t: t.update(pre_tokenizer=split("(a+)+$")))(folder)
    tokenizer = load(folder).tokenizer
    assert tokenizer.encode("the")
    with pytest.raises(ModelFileError, match="tokenizer failed on a text"):
        tokenizer.encode("a" * 40 + "b")


def test_there_are_enough_of_them() -> None:
    assert len(GGUFS) + len(BINS) + len(FOLDERS) + len(TOKENIZERS) >= 60


CLASSES = {
    "gguf": ["cut at 500", "overlap", "integer tensor", "text not UTF-8", "llama.rope.freq_base NaN"],
    "bin": ["cut at 1000"],
    "folder": ["config nested", "header longer than the file", "tokenizer merges"],
}
"""One of each class of fault: cut, ranges, types (found when the tensor is read), text, values, depth, counts, tokenizer."""


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in CLASSES.items() for name in names])
def test_the_command_line_says_one_line(kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / f"m.{kind}"
    if kind == "folder":
        FOLDERS[name](files.folder(path))
    else:
        path.write_bytes(GGUFS[name] if kind == "gguf" else BINS[name])
    command = [sys.executable, "-m", "llmos", "generate", "--model", str(path), "--prompt", "x", "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (1, "", 1)
    assert run.stderr.startswith(f"llmos: {path}: ")


fuzzed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def spoil(good: bytes, data: st.DataObject) -> bytes:
    """A few bytes of the first 8,000 changed, put in or taken away."""
    spoiled = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(good) - 1, 8_000)))
        spoiled[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    return bytes(spoiled)


@fuzzed
@given(st.data())
def test_flipped_and_spliced_bytes_load_or_are_refused(tmp_path: Path, data: st.DataObject) -> None:
    name, good = data.draw(st.sampled_from([("m.gguf", GOOD), ("m.bin", BIN)]))
    (tmp_path / name).write_bytes(spoil(good, data))
    load_or_refuse(tmp_path / name)


def load_or_refuse(path: Path) -> None:
    try:
        load(path).params  # noqa: B018  (reads them)
    except ModelFileError:
        refused(path)


@fuzzed
@given(st.data())
def test_spoiled_files_of_a_folder_load_or_are_refused(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "m"
    if not folder.exists():
        files.folder(folder)
    name = data.draw(st.sampled_from(["config.json", "model.safetensors", "tokenizer.json"]))
    good = (folder / name).read_bytes()
    try:
        (folder / name).write_bytes(spoil(good, data))
        load_or_refuse(folder)
    finally:
        (folder / name).write_bytes(good)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(fuzzed, max_examples=25)
@given(st.data())
def test_any_value_anywhere_in_the_json_files_loads_or_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "m"
    if not folder.exists():
        files.folder(folder)
    name = data.draw(st.sampled_from(["config.json", "tokenizer.json"]))
    good = (folder / name).read_text()
    whole = place = json.loads(good)
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    try:
        (folder / name).write_text(json.dumps(whole))
        load_or_refuse(folder)
    finally:
        (folder / name).write_text(good)
