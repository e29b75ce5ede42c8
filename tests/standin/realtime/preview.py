"""The form of the preview: flat settings, other names of events, one event for an item where GA has two."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.standin.realtime import reading as r
from tests.standin.realtime.conversation import Item, Response
from tests.standin.realtime.fields import (
    COMMON,
    read_detection,
    read_modalities,
    read_most,
    read_reduction,
    read_transcription,
)
from tests.standin.realtime.settings import REALTIME_VOICES, SessionSettings
from tests.standin.realtime.told import EventRefused

__all__ = ["Preview"]


class Preview:
    """Flat: all that a session is set to stands side by side."""

    update_events: tuple[str, ...] = ("session.update", "transcription_session.update")
    is_preview = True
    _names: Mapping[str, str] = {
        "input_audio_format": "input_format",
        "output_audio_format": "output_format",
        "input_audio_transcription": "transcription",
        "input_audio_noise_reduction": "noise_reduction",
        "max_response_output_tokens": "max_tokens",
    }
    _formats: Mapping[str, str] = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
    _events: Mapping[str, str | None] = {
        "conversation.item.added": "conversation.item.created",
        "conversation.item.done": None,
        "response.output_text.delta": "response.text.delta",
        "response.output_text.done": "response.text.done",
        "response.output_audio.delta": "response.audio.delta",
        "response.output_audio.done": "response.audio.done",
        "response.output_audio_transcript.delta": "response.audio_transcript.delta",
        "response.output_audio_transcript.done": "response.audio_transcript.done",
    }

    def read_update(self, path: str, given: Any, now: SessionSettings) -> SessionSettings:
        fields: dict[str, r.Read] = {
            "input_audio_format": self._read_format,
            "input_audio_transcription": read_transcription,
            "input_audio_noise_reduction": read_reduction,
            "turn_detection": read_detection,
            "include": r.whatever,
        }
        if now.kind == "realtime":
            fields |= {**COMMON, "modalities": self._read_both, "voice": r.word(*REALTIME_VOICES), "model": r.text}
            fields |= {"output_audio_format": self._read_format, "temperature": r.number(0.6, 1.2)}
            fields |= {"max_response_output_tokens": read_most, "speed": r.number(0.25, 1.5)}
        read = r.read_fields(path, given, fields)
        read.pop("model", None)
        return replace(now, **{self._names.get(name, name): value for name, value in read.items()})

    def _read_format(self, path: str, given: Any) -> str:
        return self._formats[r.word(*self._formats)(path, given)]

    @staticmethod
    def _read_both(path: str, given: Any) -> tuple[str, ...]:
        words = read_modalities(path, given)
        if words == ("audio",):
            message = "Invalid modalities: ['audio']. Supported combinations are: ['text'] and ['audio', 'text']."
            raise EventRefused(message, "invalid_value", path)
        return words

    def tell_session(self, settings: SessionSettings) -> dict[str, Any]:
        named = {kind: name for name, kind in self._formats.items()}
        detection = settings.turn_detection
        if detection is not None:
            detection = {name: value for name, value in detection.items() if name != "idle_timeout_ms"}
        heard = {
            "input_audio_format": named[settings.input_format],
            "input_audio_transcription": settings.transcription,
            "input_audio_noise_reduction": settings.noise_reduction,
            "turn_detection": detection,
        }
        if settings.kind == "transcription":
            about = {"id": settings.id, "object": "realtime.transcription_session", "expires_at": settings.expires_at}
            return {**about, **heard, "include": settings.include}
        return {
            "id": settings.id,
            "object": "realtime.session",
            "model": settings.model,
            "expires_at": settings.expires_at,
            "modalities": list(settings.modalities),
            "instructions": settings.instructions,
            "voice": settings.voice,
            "output_audio_format": named[settings.output_format],
            **heard,
            "tools": [dict(tool) for tool in settings.tools],
            "tool_choice": settings.tool_choice,
            "temperature": settings.temperature,
            "max_response_output_tokens": settings.max_tokens or "inf",
            "speed": settings.speed,
            "tracing": settings.tracing,
            "client_secret": None,
        }

    def tell_item(self, item: Item) -> dict[str, Any]:
        told = item.tell()
        for part in told.get("content", ()):
            part["type"] = part["type"].removeprefix("output_")
        return {"id": told.pop("id"), "object": "realtime.item", "status": "completed", **told}

    def tell_response(self, response: Response) -> dict[str, Any]:
        named = {kind: name for name, kind in self._formats.items()}
        return {
            "object": "realtime.response",
            "id": response.id,
            "status": response.status,
            "status_details": response.details,
            "output": [self.tell_item(item) for item in response.output],
            "conversation_id": response.conversation,
            "modalities": list(response.modalities),
            "voice": response.voice,
            "output_audio_format": named[response.output_format],
            "temperature": response.temperature,
            "max_output_tokens": response.max_tokens or "inf",
            "usage": response.usage,
            "metadata": response.metadata,
        }

    def tell_event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        name = self._events.get(event["type"], event["type"])
        event.pop("obfuscation", None)  # came with GA
        return None if name is None else {**event, "type": name}
