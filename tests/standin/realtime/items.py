"""Reads the items and the wishes for answers that a client sends."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.standin.realtime import reading as r
from tests.standin.realtime.conversation import Conversation, Item, Part
from tests.standin.realtime.formats import RATES, decode_bytes, encode_samples
from tests.standin.realtime.ids import make_realtime_id
from tests.standin.realtime.settings import SessionSettings
from tests.standin.realtime.told import EventRefused, refuse_missing, refuse_type, refuse_unknown, refuse_voice

if TYPE_CHECKING:
    from tests.standin.realtime.session import Session

__all__ = ["Wanted", "add_sound", "check_call", "decode_audio", "read_cut", "read_item", "read_response"]

_ROLES = {
    "user": ("input_text", "input_audio"),
    "system": ("input_text",),
    "assistant": ("output_text", "output_audio"),
}
_OLD = {"text": "output_text", "audio": "output_audio"}  # of the preview


def decode_audio(path: str, given: Any) -> bytes:
    try:
        return base64.b64decode(r.text(path, given), validate=True)
    except (binascii.Error, ValueError):
        message = f"Invalid '{path}'. Expected base64-encoded audio bytes, but got an invalid value."
        raise EventRefused(message, "invalid_value", path) from None


def read_item(path: str, given: Any, settings: SessionSettings, is_preview: bool) -> Item:
    """An item that is added. Raises EventRefused."""
    if given is None:
        raise refuse_missing(path)
    if not isinstance(given, dict):
        raise refuse_type(path, "an object", given)
    if "type" not in given:
        raise refuse_missing(f"{path}.type")
    kind = r.word("message", "function_call", "function_call_output")(f"{path}.type", given["type"])
    fields: dict[str, r.Read] = {
        "id": r.nullable(r.text), "object": r.whatever, "type": r.text, "status": r.whatever
    }  # fmt: skip
    required: Sequence[str] = ("call_id", "output")
    if kind == "message":
        fields |= {"role": r.word(*_ROLES), "content": r.whatever}
        required = ("role", "content")
    elif kind == "function_call":
        fields |= {"call_id": r.text, "name": r.text, "arguments": r.text}
        required = ("name", "arguments")
    else:
        fields |= {"call_id": r.text, "output": r.text}
    read = r.read_fields(path, given, fields, required)
    item = Item(read.get("id") or make_realtime_id("item"), kind, read.get("role", ""))
    if kind == "message":
        item.parts = _read_parts(f"{path}.content", read["content"], item.role, settings, is_preview)
    item.name, item.arguments = read.get("name", ""), read.get("arguments", "")
    item.call_id, item.output = read.get("call_id") or make_realtime_id("call"), read.get("output", "")
    item.told.set()
    return item


def _read_parts(path: str, given: Any, role: str, settings: SessionSettings, is_preview: bool) -> list[Part]:
    if not isinstance(given, list):
        raise refuse_type(path, "an array", given)
    return [_read_part(f"{path}[{i}]", each, role, settings, is_preview) for i, each in enumerate(given)]


def _read_part(path: str, given: Any, role: str, settings: SessionSettings, is_preview: bool) -> Part:
    if not isinstance(given, dict):
        raise refuse_type(path, "an object", given)
    if "type" not in given:
        raise refuse_missing(f"{path}.type")
    kind: str = given["type"]
    if kind == "input_image" and role == "user":
        raise EventRefused("Pictures are not served in sessions of this stand-in.", "unsupported_value", f"{path}.type")
    allowed = _ROLES[role]
    if is_preview and role == "assistant":
        allowed = tuple(_OLD)
    kind = r.word(*allowed)(f"{path}.type", kind)
    kind = str(_OLD.get(kind, kind))
    if kind == "input_audio":
        if "audio" not in given:
            raise refuse_missing(f"{path}.audio")
        pcm = decode_bytes(decode_audio(f"{path}.audio", given["audio"]), settings.input_format)
        words = given.get("transcript")
        known = None if words is None else r.text(f"{path}.transcript", words)
        return Part(kind, known, known, pcm, RATES[settings.input_format])
    if "text" not in given:  # sound of the assistant's cannot be put back
        raise refuse_missing(f"{path}.text")
    return Part("output_text" if role == "assistant" else kind, r.text(f"{path}.text", given["text"]))


def check_call(item: Item, conversation: Conversation) -> None:
    """A result belongs to a call of the conversation's."""
    known = {other.call_id for other in conversation if other.kind == "function_call"}
    if item.kind == "function_call_output" and item.call_id not in known:
        message = f"Tool call ID '{item.call_id}' not found in conversation."
        raise EventRefused(message, "invalid_tool_call_id", "item.call_id")


def add_sound(told: dict[str, Any], item: Item) -> None:
    """What is read back has its sound with it; that of the assistant's is not kept here."""
    for shown, part in zip(told.get("content", ()), item.parts, strict=False):
        if part.pcm is not None:
            shown["audio"] = base64.b64encode(encode_samples(part.pcm / 32_768, "audio/pcm")).decode()


def read_cut(event: Mapping[str, Any], item: Item) -> int:
    """Milliseconds of an item of the assistant's that were heard."""
    for name in ("content_index", "audio_end_ms"):
        if name not in event:
            raise refuse_missing(name)
    r.integer(0, 0)("content_index", event["content_index"])
    cut: int = r.integer(0, 4_000_000)("audio_end_ms", event["audio_end_ms"])
    if item.role != "assistant" or not item.parts[0].is_sound:
        raise EventRefused("Only the sound of an assistant's message can be truncated.", "invalid_value", "item_id")
    length = round(item.parts[0].seconds * 1000)
    if cut > length:
        message = f"Audio content of {length}ms is already shorter than {cut}ms"
        raise EventRefused(message, "invalid_value", "audio_end_ms")
    return cut


@dataclass(frozen=True)
class Wanted:
    """An answer that is asked for, as Responding takes it."""

    settings: SessionSettings
    items: list[Item]
    is_apart: bool
    metadata: Any


def read_response(path: str, given: Any, session: "Session") -> Wanted:
    """What `response.create` asks for. Raises EventRefused."""
    if not isinstance(given, dict):
        raise refuse_type(path, "an object", given)
    now, dialect = session.settings, session.dialect
    if now.kind == "transcription":
        raise EventRefused("A transcription session makes no responses.", "invalid_event", "type")
    own = {name: given[name] for name in ("conversation", "input", "metadata") if name in given}
    rest = {name: value for name, value in given.items() if name not in own}
    if "type" in rest or "model" in rest:
        raise refuse_unknown(f"{path}.{'type' if 'type' in rest else 'model'}")
    if not dialect.is_preview:
        rest["type"] = "realtime"
    elif "max_output_tokens" in rest:
        rest["max_response_output_tokens"] = rest.pop("max_output_tokens")
    settings = dialect.read_update(path, rest, now)
    if settings.voice != now.voice and session.conversation.has_spoken:
        raise refuse_voice()
    if isinstance(settings.tool_choice, dict):
        name = settings.tool_choice["name"]
        if name not in [tool["name"] for tool in settings.tools]:
            raise EventRefused(f"Tool choice '{name}' not found in 'tools'.", "invalid_value", f"{path}.tool_choice")
    is_apart = r.word("auto", "none")(f"{path}.conversation", own.get("conversation") or "auto") == "none"
    if own.get("input") is None:
        return Wanted(settings, list(session.conversation), is_apart, own.get("metadata"))
    if not isinstance(own["input"], list):
        raise refuse_type(f"{path}.input", "an array", own["input"])
    listed = []
    for number, each in enumerate(own["input"]):
        if isinstance(each, dict) and each.get("type") == "item_reference":
            listed.append(session.conversation.find(r.text(f"{path}.input[{number}].id", each.get("id")), "retrieve"))
        else:
            listed.append(read_item(f"{path}.input[{number}]", each, now, dialect.is_preview))
    return Wanted(replace(settings), listed, is_apart, own.get("metadata"))
