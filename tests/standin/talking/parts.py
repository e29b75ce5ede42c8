"""The sound of a chat, as requests write it: which there may be, and what of it is wrong."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.parameters import find_rule
from helpers.sound_files import kind_of
from tests.standin.deployments import Deployment
from tests.standin.refusals import ServiceError, bad_request, list_values, missing, not_served, wrong_type

__all__ = [
    "SOUND",
    "SoundPart",
    "Voice",
    "check_sounds",
    "read_sound_part",
    "sound_broken",
    "takes_sound",
]

SOUND = "sound"  # the type of such a part, in the chat that the front works with
_FORMATS = ("wav", "mp3")
_MOST_BYTES = 20_000_000  # of one sound


@dataclass(frozen=True)
class SoundPart:
    """data: a file of the format that the request named."""

    data: bytes


@dataclass(frozen=True)
class Voice:
    """How an answer is to be spoken. kind: a word of sound.files.CONTENT_TYPES."""

    name: str
    kind: str


def read_sound_part(part: Mapping[str, Any], at: str) -> dict[str, Any]:
    """A part of a user's message as {"type": SOUND, "part": SoundPart}."""
    given = part.get("input_audio")
    where = f"{at}.input_audio"
    if given is None:
        raise missing(where)
    if not isinstance(given, dict):
        raise wrong_type(where, "an object", given)
    for name in ("data", "format"):
        if given.get(name) is None:
            raise missing(f"{where}.{name}")
        if not isinstance(given[name], str):
            raise wrong_type(f"{where}.{name}", "a string", given[name])
    if given["format"] not in _FORMATS:
        raise _refuse_value(given["format"], f"{where}.format", _FORMATS)
    try:
        data = base64.b64decode(given["data"], validate=True)
    except (binascii.Error, ValueError):
        message = f"Invalid '{where}.data'. Expected base64-encoded audio bytes, but got an invalid value."
        raise bad_request(message, f"{where}.data", "invalid_value") from None
    if len(data) > _MOST_BYTES:
        raise bad_request(f"Invalid '{where}.data': at most 20 MB, but got {len(data):,} bytes.", f"{where}.data")
    if kind_of(data) not in (given["format"], None) or not data:
        raise sound_broken()
    return {"type": SOUND, "part": SoundPart(data)}


def sound_broken() -> ServiceError:
    message = "This model does not support the format you provided."
    return bad_request(message, "messages", "unsupported_format")


def _find_sounds(messages: Sequence[Mapping[str, Any]]) -> list[tuple[int, Any]]:
    """(number of its message, part) of each sound that was sent."""
    lists = [(i, message["content"]) for i, message in enumerate(messages) if isinstance(message["content"], list)]
    return [(i, part["part"]) for i, content in lists for part in content if part["type"] == SOUND]


def check_sounds(deployment: Deployment, asked: Mapping[str, Any]) -> Voice | None:
    """How the answer is to be spoken, None where it is text. Raises what the service answers to what it refuses."""
    wanted = _check_modalities(deployment, asked.get("modalities"))
    sounds = _find_sounds(asked["messages"])
    if not takes_sound(deployment):
        if sounds:
            where = f"messages[{sounds[0][0]}]"
            message = f"Invalid '{where}'. Content blocks are expected to be either text or image_url type."
            raise bad_request(message, where, "invalid_value")
        return None
    told = any("spoken" in message for message in asked["messages"])
    if "audio" not in wanted:
        if not sounds and not told:
            message = "This model requires that either input content or output modality contain audio."
            raise bad_request(message, "model", "invalid_value")
        return None
    return _read_voice(deployment, asked)


def takes_sound(deployment: Deployment) -> bool:
    """Whether chats with the model may hold sound."""
    rule = find_rule("chat", deployment.versioned, "messages.part")
    return bool(rule and "input_audio" in rule["allowed_values"].split("|"))


def _check_modalities(deployment: Deployment, given: Any) -> list[str]:
    if given is None:
        return ["text"]
    if not isinstance(given, list):
        raise wrong_type("modalities", "an array of strings", given)
    rule = find_rule("chat", deployment.versioned, "modalities")
    allowed = rule["allowed_values"].split("|") if rule else ["text"]
    for one in given:
        if one not in ("text", "audio"):
            raise _refuse_value(str(one), "modalities", ("text", "audio"))
        if one not in allowed:
            message = f"'modalities' does not support '{one}' with this model. Supported values are: 'text'."
            raise bad_request(f"Unsupported value: {message}", "modalities", "unsupported_value")
    if "text" not in given:
        message = f"Invalid modalities: {given}. Supported combinations are: ['text'] and ['audio', 'text']."
        raise bad_request(message, "modalities", "invalid_value")
    return given


def _read_voice(deployment: Deployment, asked: Mapping[str, Any]) -> Voice:
    given = asked.get("audio")
    if given is None:
        raise missing("audio")
    if not isinstance(given, dict):
        raise wrong_type("audio", "an object", given)
    if isinstance(given.get("voice"), dict):
        raise not_served("a voice of your own", "audio.voice")
    for name in ("voice", "format"):
        if given.get(name) is None:
            raise missing(f"audio.{name}")
        rule = find_rule("chat", deployment.versioned, f"audio.{name}")
        allowed = rule["allowed_values"].split("|") if rule else []
        if given[name] not in allowed:
            raise _refuse_value(str(given[name]), f"audio.{name}", allowed)
    if asked.get("stream") and given["format"] != "pcm16":
        message = f"'audio.format' does not support '{given['format']}' when stream=true. Supported values are: 'pcm16'"
        raise bad_request(f"Unsupported value: {message}.", "audio.format", "unsupported_value")
    return Voice(given["voice"], given["format"].removesuffix("16"))


def _refuse_value(value: str, where: str, allowed: Sequence[str]) -> ServiceError:
    message = f"Invalid value: '{value}'. Supported values are: {list_values(allowed)}."
    return bad_request(message, where, "invalid_value")
