"""A realtime session as notebooks use it: sound sent in pieces, the events of a turn read, a turn's words and sound.

What is sent is what a plain client of the SDK sends: `speak` calls input_audio_buffer.append, `read_turn` reads events.
Both forms of the names are known: those of today, and those of the preview.
"""

import base64
import io
import threading
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpers.audio import bytes_of
from helpers.errors import CourseError
from helpers.sound_files import kind_of, with_true_lengths

__all__ = ["RATE", "Turn", "list_messages", "pcm_of", "pcm_seconds", "read_turn", "silence", "speak", "wav_of"]

RATE = 24_000  # samples a second: what a session hears and speaks, 16 bits each, one channel
_WIDTH = 2  # bytes of a sample
_WANTED = "a session hears PCM of 24,000 Hz, mono, 16 bits"
_ASK_WAV = 'audio.speech.create(..., response_format="wav")'


@dataclass(frozen=True)
class Turn:
    """The server's events of one turn, in order, and what they say together."""

    events: list[Any] = field(repr=False)

    @property
    def text(self) -> str:
        """The answer's words: what it wrote, or the transcript of what it said."""
        endings = ("text.delta", "audio_transcript.delta")
        return "".join(event.delta for event in self._of("response") if event.type.endswith(endings))

    @property
    def heard(self) -> str:
        """The transcript of what was said to it; empty where the session transcribes nothing."""
        kind = "conversation.item.input_audio_transcription.completed"
        return " ".join(event.transcript.strip() for event in self.events if event.type == kind)

    @property
    def pcm(self) -> bytes:
        """The answer's sound: 16 bits, mono, RATE."""
        return b"".join(base64.b64decode(event.delta) for event in self._of("response") if _is_sound(event))

    @property
    def response(self) -> Any:
        """The `response` of the last response.done; None where none came."""
        return next((event.response for event in reversed(self.events) if event.type == "response.done"), None)

    @property
    def usage(self) -> Any:
        return self.response.usage if self.response else None

    @property
    def calls(self) -> list[Any]:
        """The function calls that the answer holds: each has name, arguments and call_id."""
        output = (self.response.output or []) if self.response else []
        return [item for item in output if item.type == "function_call"]

    @property
    def errors(self) -> list[Any]:
        return [event.error for event in self.events if event.type == "error"]

    def find(self, kind: str) -> Any:
        """The first event of a type; None where none came."""
        return next((event for event in self.events if event.type == kind), None)

    def count(self) -> dict[str, int]:
        """How many events of each type, in the order in which the types came first."""
        counts: dict[str, int] = {}
        for event in self.events:
            counts[event.type] = counts.get(event.type, 0) + 1
        return counts

    def _of(self, start: str) -> Iterator[Any]:
        return (event for event in self.events if event.type.startswith(start))


def speak(connection: Any, sound: Any, *, pause_s: float = 0, piece_s: float = 0.1) -> None:
    """Send sound as a microphone would: in pieces of a tenth of a second, with a silence after it.

    sound: PCM, a WAV, or an answer of audio.speech that is one: see pcm_of. pause_s: of silence, so that the service
    hears the end of the turn. Nothing here waits: what takes seconds to say is sent at once.
    """
    pcm = pcm_of(sound) + silence(pause_s)
    size = round(piece_s * RATE) * _WIDTH
    for place in range(0, len(pcm), size):
        piece = base64.b64encode(pcm[place : place + size]).decode()
        connection.input_audio_buffer.append(audio=piece)


def read_turn(connection: Any, until: str = "response.done", limit_s: float = 60) -> Turn:
    """The events that come until one of this type, or an error, or the end of the session.

    limit_s: after so many seconds the session is closed, and CourseError says what came last: nothing waits for ever.
    """
    events: list[Any] = []
    is_late = threading.Event()

    def close() -> None:
        is_late.set()
        connection.close()

    timer = threading.Timer(limit_s, close)
    timer.daemon = True
    timer.start()
    try:
        for event in connection:
            events.append(event)
            if event.type in (until, "error"):
                break
    finally:
        timer.cancel()
    if is_late.is_set():
        last = events[-1].type if events else "nothing"
        raise CourseError(
            f"no {until} came within {limit_s:g} s, and the session was closed",
            last=last,
            next="was response.create sent, or a silence after the speech?",
        )
    return Turn(events)


def list_messages(*steps: Any, ms: Sequence[int] = ()) -> list[tuple[float | None, str, str]]:
    """What both sides sent, as charts.sequence draws it: (seconds or None, "client" or "server", the event's type).

    steps: in their order, a Turn that was read, or the type of an event that you sent. ms: when the server's events
    came, as evidence.arrival_ms(session) has it of a whole session; of your own events nobody keeps the time.
    """
    messages: list[tuple[float | None, str, str]] = []
    times = iter(ms)
    for step in steps:
        if isinstance(step, Turn):
            came = ((next(times, None), event.type) for event in step.events)
            messages += [(None if at is None else at / 1000, "server", kind) for at, kind in came]
        else:
            messages.append((None, "client", str(step)))
    return messages


def pcm_of(sound: Any) -> bytes:
    """PCM of 16 bits, mono, RATE: of a WAV that is so, by its bytes, or PCM itself. Raises CourseError for others."""
    data = bytes_of(sound)
    kind = kind_of(data)
    if kind is None:
        return data[: len(data) // _WIDTH * _WIDTH]
    if kind != "wav":
        raise CourseError(f"{_WANTED}, and this is {kind}", next=_ASK_WAV)
    try:
        with wave.open(io.BytesIO(with_true_lengths(data))) as file:
            form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            if form == (RATE, 1, _WIDTH):
                return file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise CourseError(f"this WAV cannot be read: {error or 'it ends too soon'}") from None
    told = f"WAV of {form[0]:,} Hz, {form[1]} channels, {8 * form[2]} bits"
    raise CourseError(f"{_WANTED}, and this is {told}", next=_ASK_WAV)


def pcm_seconds(pcm: bytes) -> float:
    """How long PCM of a session lasts."""
    return len(pcm) / (RATE * _WIDTH)


def silence(seconds: float) -> bytes:
    """PCM without any sound."""
    return bytes(round(seconds * RATE) * _WIDTH)


def wav_of(pcm: bytes) -> bytes:
    """A WAV file of a session's PCM, for a player."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(_WIDTH)
        file.setframerate(RATE)
        file.writeframes(pcm)
    return held.getvalue()


def _is_sound(event: Any) -> bool:
    return event.type.endswith("audio.delta")
