"""The two forms of the API: how a session is set and told in each, and what each calls its events."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from tests.standin.realtime import reading as r
from tests.standin.realtime.conversation import Item, Response
from tests.standin.realtime.settings import FORMATS, REALTIME_VOICES, VAD, SessionSettings
from tests.standin.realtime.told import EventRefused, refuse_missing, refuse_type

__all__ = ["GA", "PREVIEW", "Dialect"]

_MOST_TOKENS = 4_096


class Dialect(Protocol):
    """update_events: which events of a client's set the session."""

    update_events: tuple[str, ...]
    is_preview: bool

    def read_update(self, path: str, given: Any, now: SessionSettings) -> SessionSettings: ...
    def tell_session(self, settings: SessionSettings) -> dict[str, Any]: ...
    def tell_item(self, item: Item) -> dict[str, Any]: ...
    def tell_response(self, response: Response) -> dict[str, Any]: ...
    def tell_event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """An event of the GA form as this form has it; None where it has none."""


def _read_detection(path: str, given: Any) -> dict[str, Any] | None:
    if given is None:
        return None
    kind = given.get("type", "server_vad") if isinstance(given, dict) else ""
    fields: dict[str, r.Read] = {
        "type": r.word("server_vad", "semantic_vad"),
        "create_response": r.boolean,
        "interrupt_response": r.boolean,
    }
    if kind == "semantic_vad":
        fields["eagerness"] = r.word("low", "medium", "high", "auto")
        base: dict[str, Any] = {"type": kind, "eagerness": "auto", "create_response": True, "interrupt_response": True}
    else:
        fields |= {"threshold": r.number(0, 1), "prefix_padding_ms": r.integer(0, 10_000)}
        fields |= {"silence_duration_ms": r.integer(0, 10_000)}
        fields["idle_timeout_ms"] = r.nullable(r.integer(5_000, 30_000))
        base = dict(VAD)
    return base | r.read_fields(path, given, fields)


def _read_transcription(path: str, given: Any) -> dict[str, Any] | None:
    if given is None:
        return None
    fields = {"model": r.text, "language": r.nullable(r.text), "prompt": r.nullable(r.text)}
    return {"model": None, "language": None, "prompt": None} | r.read_fields(path, given, fields)


def _read_tools(path: str, given: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(given, list):
        raise refuse_type(path, "an array", given)
    tools = []
    for number, tool in enumerate(given):
        at = f"{path}[{number}]"
        if isinstance(tool, dict) and tool.get("type") == "mcp":
            raise EventRefused("MCP servers are not served by this stand-in.", "unsupported_parameter", f"{at}.type")
        fields: dict[str, r.Read] = {"type": r.word("function"), "name": r.text, "description": r.nullable(r.text)}
        fields["parameters"] = _read_schema
        read = r.read_fields(at, tool, fields, ("type", "name"))
        empty = {"type": "object", "properties": {}}
        told = {"type": "function", "name": read["name"], "description": read.get("description")}
        tools.append({**told, "parameters": read.get("parameters") or empty})
    return tuple(tools)


def _read_schema(path: str, given: Any) -> Any:
    if not isinstance(given, dict):
        raise refuse_type(path, "an object", given)
    return given


def _read_choice(path: str, given: Any) -> Any:
    if isinstance(given, dict):
        return r.read_fields(path, given, {"type": r.word("function"), "name": r.text}, ("type", "name"))
    return r.word("auto", "none", "required")(path, given)


def _read_most(path: str, given: Any) -> int | None:
    return None if given == "inf" else r.integer(1, _MOST_TOKENS)(path, given)


def _read_modalities(path: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list):
        raise refuse_type(path, "an array", given)
    words = tuple(sorted({r.word("text", "audio")(f"{path}[{i}]", each) for i, each in enumerate(given)}))
    if not words:
        raise EventRefused(f"Invalid '{path}': empty array.", "empty_array", path)
    return words


_COMMON: Mapping[str, r.Read] = {
    "instructions": r.text,
    "tools": _read_tools,
    "tool_choice": _read_choice,
    "tracing": r.whatever,
    "include": r.whatever,
}
_REDUCTION = r.nullable(
    lambda path, given: r.read_fields(path, given, {"type": r.word("near_field", "far_field")}, ("type",))
)


class _Ga:
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
            fields = {**_COMMON, "output_modalities": self._read_one, "max_output_tokens": _read_most}
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
        words = _read_modalities(path, given)
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
    fields = {"format": _read_format, "transcription": _read_transcription, "noise_reduction": _REDUCTION}
    read = r.read_fields(path, given, {**fields, "turn_detection": _read_detection})
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


_FIELDS = {"output_modalities": "modalities", "max_output_tokens": "max_tokens"}


class _Preview:
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
            "input_audio_transcription": _read_transcription,
            "input_audio_noise_reduction": _REDUCTION,
            "turn_detection": _read_detection,
            "include": r.whatever,
        }
        if now.kind == "realtime":
            fields |= {**_COMMON, "modalities": self._read_both, "voice": r.word(*REALTIME_VOICES), "model": r.text}
            fields |= {"output_audio_format": self._read_format, "temperature": r.number(0.6, 1.2)}
            fields |= {"max_response_output_tokens": _read_most, "speed": r.number(0.25, 1.5)}
        read = r.read_fields(path, given, fields)
        read.pop("model", None)
        return replace(now, **{self._names.get(name, name): value for name, value in read.items()})

    def _read_format(self, path: str, given: Any) -> str:
        return self._formats[r.word(*self._formats)(path, given)]

    @staticmethod
    def _read_both(path: str, given: Any) -> tuple[str, ...]:
        words = _read_modalities(path, given)
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


GA: Dialect = _Ga()
PREVIEW: Dialect = _Preview()
