"""Model files: GGUF, a Hugging Face folder, a llama2.c .bin. One door: `load`.

Knows: which kind a path is. Does not know: where models are kept (`llmos.store`) or what they compute. Files are hostile
input; whatever is wrong with one is a ModelFileError of one line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from llmos.cpu.config import Model, ModelConfig, Params
from llmos.cpu.tokenizers import Vocabulary
from llmos.errors import ModelFileError

from .assemble import Progress
from .checked import Damaged, size_of

Loaded = tuple[ModelConfig, Callable[[Progress], Params], Vocabulary]


def load(path: Path, progress: Progress = lambda part: None) -> Model:
    """The model at `path`, everything but its parameters checked and read. Raises ModelFileError.

    `progress` hears 0 to 1 while the parameters are read, which is when they are first asked for.
    """
    with _told(path):
        return _load(path, progress)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turns what can be wrong with a file into a ModelFileError of one line."""
    try:
        yield
    except Damaged as e:
        raise ModelFileError(f"{path}: {e}") from None
    except OSError as e:
        raise ModelFileError(f"{path}: {e.strerror or e}") from None
    except MemoryError:
        raise ModelFileError(f"{path}: the model does not fit into memory") from None


def _load(path: Path, progress: Progress) -> Model:
    path = path.expanduser()
    read, weights = _kind(path)
    with ThreadPoolExecutor(1) as pool:  # hashing needs no interpreter lock: it runs beside the reading
        digest = pool.submit(_sha256, weights)
        config, gather, tokenizer = read(path)

    def params() -> Params:
        with _told(path):
            return gather(progress)

    name = path.name if path.is_dir() else path.stem
    return Model(name, config, params, tokenizer, digest.result(), str(path), tokenizer.note)


def _kind(path: Path) -> tuple[Callable[[Path], Loaded], list[Path]]:
    """How to read a path, and the files that hold its weights. Formats are imported when they are met."""
    if path.is_dir():
        from . import folder, safetensors

        if not (path / "config.json").exists():
            raise Damaged("a folder without config.json is no model")
        return folder.read, safetensors.tensors_in(path)[1]
    size = size_of(path)
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"GGUF":
        from . import gguf_model

        return gguf_model.read, [path]
    if path.suffix == ".safetensors":
        raise Damaged("give the folder that it is in, with its config.json")
    if path.suffix == ".bin":
        from . import llama2c

        return llama2c.read, [path]
    raise Damaged(f"these {size:,} bytes are no model that we know: GGUF, a Hugging Face folder, or llama2.c's .bin")


def _sha256(files: list[Path]) -> str:
    """Of the one file, or of the files' hashes in order."""
    found = []
    for path in files:
        with path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256"))
    if len(found) == 1:
        return found[0].hexdigest()
    return hashlib.sha256(b"".join(d.digest() for d in found)).hexdigest()
