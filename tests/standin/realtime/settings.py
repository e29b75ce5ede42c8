"""What a session is set to, whichever form of the API its client speaks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FORMATS", "REALTIME_VOICES", "VAD", "SessionSettings", "default_settings"]

REALTIME_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
FORMATS: Mapping[str, Mapping[str, Any]] = {
    "audio/pcm": {"type": "audio/pcm", "rate": 24_000},
    "audio/pcmu": {"type": "audio/pcmu"},
    "audio/pcma": {"type": "audio/pcma"},
}
VAD: Mapping[str, Any] = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
# The service's own are longer, and theirs.
_INSTRUCTIONS = (
    "You are a helpful and friendly assistant in a spoken conversation. Answer briefly, in plain sentences without "
    "lists or signs that cannot be spoken, and in the language of the person who speaks to you."
)


@dataclass(frozen=True)
class SessionSettings:
    """kind: realtime or transcription. model: as the session tells it. modalities: audio, text; of the preview both.

    input_format, output_format: of FORMATS. turn_detection: None to end turns by hand. max_tokens: None for no limit.
    transcription: {"model", "language", "prompt"} or None. temperature: of the preview alone.
    """

    id: str
    kind: str
    model: str
    expires_at: int
    modalities: tuple[str, ...] = ("audio",)
    instructions: str = _INSTRUCTIONS
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Any = "auto"
    max_tokens: int | None = None
    tracing: Any = None
    truncation: Any = "auto"
    prompt: Any = None
    include: Any = None
    reasoning: Any = None
    input_format: str = "audio/pcm"
    output_format: str = "audio/pcm"
    transcription: Mapping[str, Any] | None = None
    noise_reduction: Mapping[str, Any] | None = None
    turn_detection: Mapping[str, Any] | None = field(default_factory=lambda: VAD)
    voice: str = "alloy"
    speed: float = 1.0
    temperature: float = 0.8

    @property
    def speaks(self) -> bool:
        return "audio" in self.modalities


def default_settings(name: str, model: str, expires_at: int, kind: str = "realtime") -> SessionSettings:
    """As the recorded sessions begin. name: of the session."""
    return SessionSettings(name, kind, model, expires_at)
