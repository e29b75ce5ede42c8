"""Moonshine tiny, by onnxruntime: the engine behind gpt-transcribe. It hears English, and short clips."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.standin.engine_process import count_threads
from tests.standin.sound.clips import cut_clips
from tests.standin.sound.files import HEARD_HZ, Sound
from tests.standin.sound.hearing import Asked, OneAtATime, Segment
from tests.standin.weights import WeightsFile

if TYPE_CHECKING:
    from tests.standin.sound.files import Samples

__all__ = ["MOONSHINE", "Moonshine"]

_PACKAGE, _MODEL = "npm:@moonshine-ai/moonshine-js==0.1.29", "package/dist/model/tiny/quantized"
_DOWNLOAD = 21_514_347

MOONSHINE = (
    WeightsFile(
        title="Moonshine tiny",
        name="moonshine-tiny.encoder.onnx",
        sha256="c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
        size=7_937_661,
        parts=((_PACKAGE, f"{_MODEL}/encoder_model.onnx"),),
        download=_DOWNLOAD,
    ),
    WeightsFile(
        title="Moonshine tiny",
        name="moonshine-tiny.decoder.onnx",
        sha256="eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367",
        size=20_243_286,
        parts=((_PACKAGE, f"{_MODEL}/decoder_model_merged.onnx"),),
        download=_DOWNLOAD,
    ),
    WeightsFile(
        title="what it needs",
        name="moonshine-tiny.tokenizer.json",
        sha256="b68b995a58b3373db6c4f46864a9db50cd1333d086150ffa2c1096581ede9c10",
        size=1_985_533,
        parts=(("useful-moonshine-onnx==20251121", "moonshine_onnx/assets/tokenizer.json"),),
        download=729_305,
    ),
)
_LONGEST_S = 20.0  # longer clips it was not made for: it begins to repeat itself
_SHORTEST = HEARD_HZ // 2  # samples; a shorter clip leaves its encoder nothing
_TOKENS_PER_SECOND = 6.5  # more than anybody speaks: where it repeats itself it is stopped
_BEGIN, _END = 1, 2  # tokens


class Moonshine(OneAtATime):
    """It takes no prompt, no keywords, no temperature and no language but English, and tells no times of words.

    The log probabilities are its own: of each token that it chose.
    """

    label, note = "Moonshine tiny int8", "hears English alone, reads no prompt; long sound is cut at its pauses"

    def begin(self, sound: Sound, asked: Asked) -> tuple[str, Iterator[Segment]]:
        if self._model is None:
            self._model = _Model(*self.find_weights(MOONSHINE))
        return "en", self._hear(sound, asked)

    def _hear(self, sound: Sound, asked: Asked) -> Iterator[Segment]:
        import numpy as np

        for start, samples in cut_clips(sound, _LONGEST_S):
            padded = np.pad(samples, (0, max(0, _SHORTEST - len(samples))))
            tokens, odds = self._model.hear(padded)
            pieces = self._model.tell(tokens, odds)
            if pieces:
                yield Segment(
                    text="".join(text for text, _ in pieces),
                    start=start,
                    end=start + len(samples) / HEARD_HZ,
                    pieces=pieces if asked.tokens else [],
                    tokens=tokens,
                    avg_logprob=sum(odds) / len(odds),
                )


class _Model:
    """The two networks and the tokenizer. What it has said so far is handed back to it as keys and values."""

    def __init__(self, encoder: Path, decoder: Path, tokenizer: Path):
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = count_threads()
        options.log_severity_level = 3
        self._encoder, self._decoder = (
            onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            for path in (encoder, decoder)
        )
        self._kept = [one for one in self._decoder.get_inputs() if one.name.startswith("past_key_values")]
        self._tokenizer = Tokenizer.from_file(str(tokenizer))

    def hear(self, samples: "Samples") -> tuple[list[int], list[float]]:
        """(tokens, the log probability of each), the likeliest at each step."""
        import numpy as np

        [states] = self._encoder.run(None, {"input_values": samples[None].astype(np.float32)})
        kept = {one.name: np.zeros((0, one.shape[1], 1, one.shape[3]), np.float32) for one in self._kept}
        tokens: list[int] = []
        odds: list[float] = []
        token = _BEGIN
        for place in range(int(len(samples) / HEARD_HZ * _TOKENS_PER_SECOND) + 2):
            given = {"input_ids": np.array([[token]]), "encoder_hidden_states": states}
            logits, *present = self._decoder.run(None, {**given, "use_cache_branch": np.array([place > 0]), **kept})
            last = logits[0, -1].astype(np.float64)
            token = int(last.argmax())
            if token == _END:
                break
            tokens.append(token)
            odds.append(float(-np.log(np.exp(last - last[token]).sum())))
            # What the encoder said stays as it was at the first step.
            for name, value in zip(kept, present, strict=True):
                if place == 0 or "decoder" in name:
                    kept[name] = value
        return tokens, odds

    def tell(self, tokens: list[int], odds: list[float]) -> list[tuple[str, float]]:
        """(text, log probability), which join to what was heard; a letter of several tokens is one piece."""
        pieces: list[tuple[str, float]] = []
        told, waiting = "", 0.0
        for count, odd in enumerate(odds, 1):
            text = self._tokenizer.decode(tokens[:count])
            waiting += odd
            if len(text) > len(told) and not text.endswith("\ufffd"):
                # A space opens each clip: it follows the one before.
                pieces.append((text[len(told) :] if told else f" {text}", waiting))
                told, waiting = text, 0.0
        return pieces
