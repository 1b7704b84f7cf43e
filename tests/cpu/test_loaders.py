"""The three loaders read the same model from three formats, and what they read computes what it should."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from gguf import GGMLQuantizationType, dequantize, quantize

from llmos import store
from llmos.cpu.config import Model
from llmos.cpu.loaders import load
from tests.cpu import model_files as files
from tests.cpu.reference import Forward

STORIES = Path(__file__).parents[3] / "shared" / "data"


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def greedy(model: Model, start: list[int], most: int) -> list[int]:
    return greedies(model, [start], most)[0]


def greedies(model: Model, starts: list[list[int]], most: int) -> list[list[int]]:
    """Greedy ids after each start, one after the other, by one engine in float32."""
    from llmos.cpu.engine import Engine
    from llmos_kernel.cpu import Burst

    pages = -(-(max(map(len, starts)) + most) // 16)
    engine = Engine(model, "float32", pages + 1, 1, pages, 64)
    frames, places = tuple(range(1, pages + 1)), tuple(range(0, pages * 16, 16))
    return [list(engine.run([Burst(frames, places, 0, tuple(start), most)])[0].ids) for start in starts]


def test_three_formats_hold_the_same_parameters(tmp_path: Path) -> None:
    params = files.weights()
    models = [
        load(write(tmp_path / "m.gguf", files.good_gguf())),
        load(files.folder(tmp_path / "folder")),
        load(write(tmp_path / "m.bin", files.bin_file(params, files.VOCAB))),
    ]
    for model in models:
        assert np.array_equal(model.params["embed"], params["model.embed_tokens.weight"])
        for i, layer in enumerate(model.params["layers"]):
            for short, name in (("q", "self_attn.q_proj"), ("k", "self_attn.k_proj"), ("down", "mlp.down_proj")):
                assert np.array_equal(layer[short], params[f"model.layers.{i}.{name}.weight"])
    assert {(m.config.dim, m.config.heads, m.config.kv_heads, m.config.vocab) for m in models} == {(32, 4, 2, 263)}


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_every_architecture_computes_what_the_reference_does(kind: str, tmp_path: Path) -> None:
    params = files.weights(3, qwen=kind)
    path = write(tmp_path / "m.gguf", files.gguf(files.metadata(kind), files.tensors(params, kind == "llama")))
    reference = Forward(params, files.config(kind))
    assert greedy(load(path), [1, 40, 50], 20) == reference.greedy([1, 40, 50], 20)


def test_untied_output_is_read(tmp_path: Path) -> None:
    params = files.weights(4)
    head = files.rng(5).normal(0, 1, (files.VOCAB, files.DIM)).astype(np.float32)
    listed = [*files.tensors(params), ("output.weight", head.shape[::-1], 0, head.tobytes())]
    model = load(write(tmp_path / "m.gguf", files.gguf(files.metadata(), listed)))
    assert not model.config.tied
    assert np.array_equal(model.params["head"], head)


def test_checkpoint_of_llama2c_against_the_reference(tmp_path: Path) -> None:
    params = files.weights(7, vocab=512)
    model = load(write(tmp_path / "m.bin", files.bin_file(params, 512)))
    assert greedy(model, [1], 30) == Forward(params, files.config(vocab=512)).greedy([1], 30)
    assert "bytes" in model.note


def test_stories_checkpoint_gives_the_published_ids(tmp_path: Path) -> None:
    """The real file if it lies beside the repository, else one of ours with ids from the reference."""
    path = STORIES / "stories260K.bin"
    if path.exists():
        expected = json.loads((STORIES / "stories260K.greedy.json").read_text())
        start, ids = expected["start"], expected["greedy"]
    else:
        params = files.weights(11, vocab=512)
        path = write(tmp_path / "stories.bin", files.bin_file(params, 512))
        start, ids = [1], Forward(params, files.config(vocab=512)).greedy([1], 60)
    assert greedy(load(path), start, len(ids)) == ids


QUANTISED = [
    kind
    for kind in GGMLQuantizationType
    if kind.name in ("F16", "BF16", "F64", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0")
]


@pytest.mark.parametrize("kind", QUANTISED, ids=lambda k: k.name)
def test_types_of_numbers(kind: GGMLQuantizationType, tmp_path: Path) -> None:
    """A matrix of each type that can be written here reads as the package reads it, whatever pieces it is read in."""
    from llmos.cpu.loaders.gguf_header import parse
    from llmos.cpu.loaders.gguf_model import Tensors

    array = files.rng(9).normal(size=(70, 512)).astype(np.float32)
    raw = array.astype("<f8") if kind.name == "F64" else quantize(array, kind)
    data = files.gguf({}, [("m", array.shape[::-1], int(kind), raw.tobytes())])
    header = parse(data)
    read = Tensors(header, data).floats(header.tensors["m"])
    expected = array if kind.name == "F64" else dequantize(raw, kind)
    assert np.array_equal(np.asarray(read, np.float32), expected)


def test_random_blocks_of_every_type_the_package_reads() -> None:
    from gguf import GGML_QUANT_SIZES

    from llmos.cpu.loaders.checked import Damaged
    from llmos.cpu.loaders.gguf_header import TensorInfo
    from llmos.cpu.loaders.gguf_model import _floats

    read = 0
    for kind, (block, size) in GGML_QUANT_SIZES.items():
        raw = files.rng(int(kind)).integers(0, 256, 3 * size, dtype=np.uint8)
        try:
            with np.errstate(all="ignore"):
                expected = dequantize(raw[None], kind)[0]
                got = _floats(raw, TensorInfo("m", (3, block), kind, 0, len(raw)))
        except (NotImplementedError, Damaged):
            continue
        assert np.array_equal(got.reshape(-1), expected.astype(np.float32), equal_nan=True)
        read += 1
    assert read >= 20


def test_shards_with_an_index(tmp_path: Path) -> None:
    whole = load(files.folder(tmp_path / "whole"))
    folder = files.folder(tmp_path / "shards")
    (folder / "model.safetensors").unlink()
    params = files.weights()
    half = len(params) // 2
    where = {}
    for part, names in enumerate((list(params)[:half], list(params)[half:]), 1):
        file = f"model-0000{part}-of-00002.safetensors"
        (folder / file).write_bytes(files.safetensors({n: params[n] for n in names}))
        where |= dict.fromkeys(names, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    for name, array in load(folder).params["layers"][1].items():
        assert np.array_equal(array, whole.params["layers"][1][name])


def test_bfloat16_folder(tmp_path: Path) -> None:
    folder = files.folder(tmp_path / "m")
    array = files.weights()["model.norm.weight"]
    entry = {"dtype": "BF16", "shape": [files.DIM], "data_offsets": None}
    data = files.safetensors(files.weights())
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    raw = array.astype(ml_dtypes.bfloat16).tobytes()
    header["model.norm.weight"] = {**entry, "data_offsets": [len(body), len(body) + len(raw)]}
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + body + raw)
    assert np.array_equal(
        load(folder).params["norm"].astype(np.float32), array.astype(ml_dtypes.bfloat16).astype(np.float32)
    )


def test_long_contexts_of_llama3_are_recognised(tmp_path: Path) -> None:
    frequency = 10_000.0 ** -(np.arange(0, files.D, 2) / files.D)
    turns = 8192.0 * frequency / (2 * np.pi)
    keep = np.clip((turns - 1) / 3, 0, 1)
    factors = (1 / (keep + (1 - keep) / 32)).astype("<f4")
    factors[-1] = 32  # the slowest wave of a real head
    listed = [*files.tensors(files.weights()), ("rope_freqs.weight", (len(factors),), 0, factors.tobytes())]
    scaled = keep[-1] == 0
    path = write(tmp_path / "m.gguf", files.gguf(files.metadata(), listed))
    if scaled:
        assert dict(load(path).config.rope_scaling)["factor"] == 32
    else:
        with pytest.raises(Exception, match="rotary scaling"):
            load(path)


def test_nano_is_a_model() -> None:
    model = load(store.nano())
    assert model.name == "nano"
    assert model.tokenizer.control["<|trap|>"] < model.tokenizer.vocab == model.config.vocab


def test_progress_rises_to_one(tmp_path: Path) -> None:
    heard: list[float] = []
    model = load(files.folder(tmp_path / "m"), heard.append)
    assert not heard, "parameters are read when they are asked for"
    assert model.params is model.params
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_equal_files_have_equal_hashes_wherever_they_are(tmp_path: Path) -> None:
    a = files.folder(tmp_path / "a")
    b = shutil.copytree(a, tmp_path / "b")
    assert load(a).sha256 == load(Path(b)).sha256


@pytest.mark.real
def test_smollm2_agrees_with_the_reference_token_for_token() -> None:
    """Raw and chat, 48 tokens: wherever the reference's two best logits differ by more than 0.05, the ids are equal."""
    from llmos.cpu.isa import ModelCodec

    model = load(store.resolve("smollm2"))
    codec = ModelCodec(model)
    chat = codec.turn("user", "Name three colours.", True) + codec.cue()
    prompts = [list(codec.encode("The capital of France is")), list(chat)]
    reference = Forward.of_gguf(Path(model.source))
    for prompt, ids in zip(prompts, greedies(model, prompts, 48), strict=True):
        reference.forget()
        for at, token in enumerate(ids):
            logits = reference.after([*prompt, *ids[:at]])
            second, first = np.sort(logits)[-2:]
            assert token == int(np.argmax(logits)) or first - second <= 0.05
