"""Talk with a realtime model through a microphone and headphones: for those who have them, and nothing else needs them.

`talk` opens both, sends what the microphone hears and plays what the model says. When the service hears a person speak,
the play stops, and the service learns how much of its answer was heard.
"""

import base64
import queue
import threading
from collections.abc import Callable
from typing import Any

from helpers.clients import session_of
from helpers.lines import fold
from helpers.realtime import RATE

__all__ = ["Speaker", "converse", "find_obstacle", "talk"]

_PIECE = RATE // 10  # samples of a tenth of a second
_STREAM = {"samplerate": RATE, "channels": 1, "dtype": "int16", "blocksize": _PIECE}
_SESSION = {
    "type": "realtime",
    "instructions": "Answer in one or two short sentences.",
    "audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 500}}},
}


class Speaker:
    """What is still to be played of an answer, and how much of it was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._played = 0

    def begin(self) -> None:
        """A new answer: nothing of it was heard yet."""
        with self._lock:
            self._played = 0

    def play(self, pcm: bytes) -> None:
        with self._lock:
            self._waiting += pcm

    def take(self, size: int) -> bytes:
        """The next bytes for the device, with silence where there are too few."""
        with self._lock:
            piece = bytes(self._waiting[:size])
            del self._waiting[:size]
            self._played += len(piece)
        return piece + bytes(size - len(piece))

    def stop(self) -> int | None:
        """Forget what was not played. Milliseconds of the answer that were heard; None where all of it was."""
        with self._lock:
            if not self._waiting:
                return None
            self._waiting.clear()
            return 1000 * self._played // (2 * RATE)

    @property
    def is_done(self) -> bool:
        with self._lock:
            return not self._waiting


def talk(
    client: Any, model: str = "gpt-realtime-2.1", *, turns: int = 3, limit_s: float = 90, session: Any = None
) -> None:
    """Talk until so many answers were given, or so many seconds are over. Wear headphones: else it hears itself.

    client: of connect(), in live mode. session: what is sent as session.update, where the plain one will not do. Prints
    what the model says, and what you said where the session transcribes it. Where the mode, a package or a device is
    missing, prints what, and does nothing.
    """
    if missing := find_obstacle(session_of(client).mode):
        print(fold(missing, "  "))
        return
    import sounddevice

    heard: queue.Queue[bytes] = queue.Queue()
    speaker = Speaker()

    def hear(data: Any, *_: Any) -> None:
        heard.put(bytes(data))

    def say(data: Any, *_: Any) -> None:
        data[:] = speaker.take(len(data))

    with client.realtime.connect(model=model) as connection:
        connection.session.update(session=session or _SESSION)
        with (
            sounddevice.RawInputStream(callback=hear, **_STREAM),
            sounddevice.RawOutputStream(callback=say, **_STREAM),
        ):
            print(f"speak now: {turns} answers, {limit_s:g} s at most")
            converse(connection, heard.get, speaker, turns=turns, limit_s=limit_s)


def find_obstacle(mode: str) -> str:
    """What is missing for talking, and how to get it; empty where all is there."""
    if mode != "live":
        return (
            "no microphone is opened: that happens in live mode alone, for nobody recorded what you would say.\n"
            "try  AZURE_OPENAI_MODE=live with your own resource (notebook 01) or `make standin`, and "
            "`pip install -e .[microphone]`"
        )
    try:
        import sounddevice
    except ImportError:
        return "the package sounddevice is missing.\ntry  pip install -e .[microphone]"
    except OSError as error:  # the package is there, PortAudio is not
        return f"sounddevice finds no PortAudio: {error}.\ntry  sudo apt-get install libportaudio2"
    try:
        for kind in ("input", "output"):
            sounddevice.query_devices(kind=kind)
    except Exception as error:  # PortAudioError, ValueError: by system
        return f"no {kind} device was found: {error}.\ntry  connect one, then restart the kernel"
    return ""


def converse(
    connection: Any, hear: Callable[..., bytes], speaker: Speaker, *, turns: int = 3, limit_s: float = 90
) -> None:
    """Send what `hear` gives, play what comes, until so many answers or seconds are over. The session is closed then.

    hear: as queue.Queue.get: called with timeout=, raises queue.Empty.
    """
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        connection.close()

    def send() -> None:
        while not is_over.is_set():
            try:
                piece = hear(timeout=0.2)
            except queue.Empty:
                continue
            try:
                connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
            except Exception:  # closed meanwhile
                return

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    sender = threading.Thread(target=send, daemon=True)
    timer.start()
    sender.start()
    try:
        _follow(connection, speaker, turns)
        while not speaker.is_done and not is_over.is_set():
            is_over.wait(0.05)  # the last words are still being played
    finally:
        timer.cancel()
        end()
        sender.join(1)


def _follow(connection: Any, speaker: Speaker, turns: int) -> None:
    playing = None
    for event in connection:
        if event.type == "input_audio_buffer.speech_started":
            heard_ms = speaker.stop()
            if heard_ms is not None and playing:
                connection.conversation.item.truncate(item_id=playing, content_index=0, audio_end_ms=heard_ms)
        elif event.type == "response.output_audio.delta":
            if event.item_id != playing:
                playing = event.item_id
                speaker.begin()
            speaker.play(base64.b64decode(event.delta))
        elif event.type == "conversation.item.input_audio_transcription.completed":
            print(fold(f"you: {event.transcript.strip()}"))
        elif event.type == "response.output_audio_transcript.done":
            print(fold(f"it: {event.transcript}"))
        elif event.type == "error":
            print(fold(f"error: {event.error.message}"))
        elif event.type == "response.done" and event.response.status == "completed":
            turns -= 1
            if not turns:
                return
