"""The GA form of the API: nested settings, and the names of events that all of realtime/ uses."""

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
from tests.standin.realtime.settings import FORMATS, REALTIME_VOICES, SessionSettings
from tests.standin.realtime.told import EventRefused, refuse_missing, refuse_type

__all__ = ["Ga"]

_FIELDS = {"output_modalities": "modalities", "max_output_tokens": "max_tokens"}


class Ga:
    """Nested: what comes in and what goes out have each an object of their own."""

    update_events: tuple[str, ...] = ("session.update",)
    is_preview = False

    def read_update(self, path: str, given: Any, now: SessionSettings) -> SessionSettings:
        if not isinstance(given, dict):
            raise refuse_type(path, "an object", given)
        if "type" not in given:
            raise refuse_missing(f"{path}.type")
        kind = r.word("realtime", "transcription")(f"{path}.type", given["type"])
        if kind == "transcription":
            fields: dict[str, r.Read] = {"include": r.whatever}
        else:
            fields = {**COMMON, "output_modalities": self._read_one, "max_output_tokens": read_most}
            fields |= {"truncation": r.whatever, "prompt": r.whatever, "model": r.text}
            if now.reasoning is not None:
                efforts = r.word("minimal", "low", "medium", "high", "xhigh")
                fields["reasoning"] = lambda path, given: r.read_fields(path, given, {"effort": efforts})
        fields |= {"type": r.text, "audio": lambda path, given: _read_audio(path, given, kind)}
        read = r.read_fields(path, given, fields)
        audio = read.pop("audio", {})
        changed = {name: value for name, value in read.items() if name not in ("type", "model")}
        changed = {_FIELDS.get(name, name): value for name, value in changed.items()}
        return replace(now, kind=kind, **changed, **audio)

    @staticmethod
    def _read_one(path: str, given: Any) -> tuple[str, ...]:
        words = read_modalities(path, given)
        if len(words) > 1:
            told = ", ".join(f"'{word}'" for word in given)
            message = f"Invalid modalities: [{told}]. Supported combinations are: ['text'] and ['audio']."
            raise EventRefused(message, "invalid_value", path)
        return words

    def tell_session(self, settings: SessionSettings) -> dict[str, Any]:
        heard = {
            "format": dict(FORMATS[settings.input_format]),
            "transcription": settings.transcription,
            "noise_reduction": settings.noise_reduction,
            "turn_detection": settings.turn_detection,
        }
        if settings.kind == "transcription":
            return {
                "type": "transcription",
                "object": "realtime.transcription_session",
                "id": settings.id,
                "expires_at": settings.expires_at,
                "audio": {"input": heard},
                "include": settings.include,
            }
        spoken = {
            "format": dict(FORMATS[settings.output_format]), "voice": settings.voice, "speed": settings.speed
        }  # fmt: skip
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": settings.id,
            "model": settings.model,
            "output_modalities": list(settings.modalities),
            "instructions": settings.instructions,
            "tools": [dict(tool) for tool in settings.tools],
            "tool_choice": settings.tool_choice,
            "max_output_tokens": settings.max_tokens or "inf",
            "tracing": settings.tracing,
            "truncation": settings.truncation,
            "prompt": settings.prompt,
            "expires_at": settings.expires_at,
            "audio": {"input": heard, "output": spoken},
            "include": settings.include,
            **({"reasoning": settings.reasoning} if settings.reasoning else {}),
        }

    def tell_item(self, item: Item) -> dict[str, Any]:
        return item.tell()

    def tell_response(self, response: Response) -> dict[str, Any]:
        spoken = {"format": dict(FORMATS[response.output_format]), "voice": response.voice}
        return {
            "object": "realtime.response",
            "id": response.id,
            "status": response.status,
            "status_details": response.details,
            "output": [self.tell_item(item) for item in response.output],
            "conversation_id": response.conversation,
            "output_modalities": list(response.modalities),
            "max_output_tokens": response.max_tokens or "inf",
            "audio": {"output": spoken},
            "usage": response.usage,
            "metadata": response.metadata,
        }

    def tell_event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        if event["type"] in ("response.content_part.added", "response.content_part.done"):
            event["content"] = dict(event["part"])  # recorded twice
        return event


def _read_audio(path: str, given: Any, kind: str) -> dict[str, Any]:
    """As the fields of SessionSettings are called."""
    fields: dict[str, r.Read] = {"input": _read_input}
    if kind == "realtime":
        fields["output"] = _read_output
    read = r.read_fields(path, given, fields)
    return {**read.get("input", {}), **read.get("output", {})}


def _read_input(path: str, given: Any) -> dict[str, Any]:
    fields = {"format": _read_format, "transcription": read_transcription, "noise_reduction": read_reduction}
    read = r.read_fields(path, given, {**fields, "turn_detection": read_detection})
    return {"input_format" if name == "format" else name: value for name, value in read.items()}


def _read_output(path: str, given: Any) -> dict[str, Any]:
    fields = {"format": _read_format, "voice": r.word(*REALTIME_VOICES), "speed": r.number(0.25, 1.5)}
    read = r.read_fields(path, given, fields)
    return {"output_format" if name == "format" else name: value for name, value in read.items()}


def _read_format(path: str, given: Any) -> str:
    fields: dict[str, r.Read] = {"type": r.word(*FORMATS), "rate": r.whatever}
    read = r.read_fields(path, given, fields, ("type",))
    rate = read.get("rate")
    if read["type"] == "audio/pcm" and rate not in (None, 24_000):
        message = f"Invalid value: '{rate}'. Supported values are: '24000'."
        raise EventRefused(message, "invalid_value", f"{path}.rate")
    return str(read["type"])
