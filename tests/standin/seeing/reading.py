"""Who reads the text in a picture: PP-OCR by rapidocr, or, for the engine of nonsense, dice."""

import hashlib
import importlib.util
import random
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tests.standin import nonsense
from tests.standin.refusals import not_served

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Box", "MissingReader", "NonsenseReader", "RapidReader", "Reader", "find_reader"]

_LONGEST = 2_560  # pixels of a side that OCR looks at; more would take minutes and gigabytes
_CERTAIN = 0.5  # what was read with less is left out


class Box(NamedTuple):
    """A piece of text and where it stands, in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


class Reader(Protocol):
    """label: who reads, beside the chat engine; "" where the engine's own name says it. note: for x-standin-note."""

    label: str
    note: str

    def read(self, picture: "Image") -> Sequence[Box]:
        """The pieces of text in a picture of RGB. Called from several threads."""


def find_reader(say: Callable[[str], None] = print) -> Reader:
    """PP-OCR where rapidocr is installed; else one that refuses, which is said."""
    if importlib.util.find_spec("rapidocr"):
        return RapidReader()
    say("No picture in a chat will be read: rapidocr is not installed (`make standin` installs it).")
    return MissingReader()


class RapidReader:
    """PP-OCR's small models, which are inside the package. Loaded when first needed, then one picture at a time."""

    label = "PP-OCR (rapidocr)"
    note = "pictures are read by OCR, not seen"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: Any = None

    def read(self, picture: "Image") -> Sequence[Box]:
        with self._lock:
            self._engine = self._engine or self._load()
            found = self._engine(_as_array(picture))
        if found.boxes is None:
            return []
        return [
            Box(text, *map(float, (*corners.min(axis=0), *corners.max(axis=0))))
            for corners, text in zip(found.boxes, found.txts, strict=True)
            if text.strip()
        ]

    @staticmethod
    def _load() -> Any:
        import cv2
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        alone = {
            f"EngineConfig.onnxruntime.{name}_op_num_threads": 1 for name in ("intra", "inter")
        }  # a core stays free
        bounds = {"Global.max_side_len": _LONGEST, "Global.text_score": _CERTAIN}
        return RapidOCR(params={**alone, **bounds, "Global.log_level": "error"})


class NonsenseReader:
    """Words drawn from the picture's pixels: the same picture has the same ones, wherever its text may be."""

    label = ""
    note = "pictures are not looked at: their words are drawn from a list"

    def read(self, picture: "Image") -> Sequence[Box]:
        dice = random.Random(hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).digest())
        boxes, height = [], picture.height / 8
        for row in range(dice.randint(2, 6)):
            left = dice.random() * 0.6 * picture.width
            text = " ".join(dice.sample(nonsense.WORDS, dice.randint(1, 3)))
            boxes.append(Box(text, left, row * height, left + 0.4 * picture.width, (row + 0.8) * height))
        return boxes


class MissingReader:
    """Refuses, so that nothing is pretended."""

    label = note = ""

    def read(self, picture: "Image") -> Sequence[Box]:
        raise not_served("a picture", "messages", "Reading one needs rapidocr, which `make standin` installs.")


def _as_array(picture: "Image") -> Any:
    """As OpenCV has pictures: (height, width, 3), blue first."""
    import numpy as np

    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])
