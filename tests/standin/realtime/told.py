"""Errors of a session: events, never a closed connection. The service's words where they are known (errors.csv)."""

from collections.abc import Sequence
from typing import Any

from tests.standin.realtime.ids import make_realtime_id
from tests.standin.refusals import list_values

__all__ = [
    "EventRefused",
    "check_word",
    "refuse_detection",
    "refuse_empty_commit",
    "refuse_kind",
    "refuse_missing",
    "refuse_second",
    "refuse_type",
    "refuse_unknown",
    "refuse_voice",
    "tell_error",
]


class EventRefused(Exception):
    """A client's event that is refused; the session goes on."""

    def __init__(self, message: str, code: str | None, param: str | None = None, kind: str = "invalid_request_error"):
        super().__init__(message)
        self.message, self.code, self.param = message, code, param
        self.error = {"type": kind, "code": code, "message": message, "param": param}


def tell_error(refused: EventRefused, client_event: Any = None) -> dict[str, Any]:
    """client_event: the id that the client gave its event."""
    named = client_event if isinstance(client_event, str) else None
    return {"type": "error", "event_id": make_realtime_id("event"), "error": {**refused.error, "event_id": named}}


def refuse_unknown(param: str) -> EventRefused:
    return EventRefused(f"Unknown parameter: '{param}'.", "unknown_parameter", param)


def refuse_missing(param: str) -> EventRefused:
    return EventRefused(f"Missing required parameter: '{param}'.", "missing_required_parameter", param)


def refuse_type(param: str, expected: str, value: Any) -> EventRefused:
    names = {str: "a string", bool: "a boolean", list: "an array", dict: "an object", type(None): "null"}
    names |= {int: "an integer", float: "a decimal"}
    got = names[type(value)]
    message = f"Invalid type for '{param}': expected {expected}, but got {got} instead."
    return EventRefused(message, "invalid_type", param)


def check_word(param: str, value: Any, allowed: Sequence[str]) -> str:
    """A word of a few."""
    if not isinstance(value, str):
        raise refuse_type(param, "a string", value)
    if value not in allowed:
        message = f"Invalid value: '{value}'. Supported values are: {list_values(allowed)}."
        raise EventRefused(message, "invalid_value", param)
    return value


def refuse_empty_commit(milliseconds: float) -> EventRefused:
    message = (
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
        f"but buffer only has {milliseconds:.2f}ms of audio."
    )
    return EventRefused(message, "input_audio_buffer_commit_empty")


def refuse_second(running: str) -> EventRefused:
    """running: the id of the answer that is being made."""
    message = (
        f"Conversation already has an active response in progress: {running}. "
        "Wait until the response is finished before creating a new one."
    )
    return EventRefused(message, "conversation_already_has_active_response")


def refuse_voice() -> EventRefused:
    message = "Cannot update a conversation's voice if assistant audio is present."
    return EventRefused(message, "cannot_update_voice")


def refuse_kind(wanted: str, now: str) -> EventRefused:
    message = f"Passing a {wanted} session update event to a {now} session is not allowed."
    return EventRefused(message, "invalid_parameter")


def refuse_detection() -> EventRefused:
    return EventRefused("Turn detection is not supported for this transcription model", "invalid_parameter")
