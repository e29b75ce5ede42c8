"""What is asked for, checked before an engine sees it. Everything wrong is a 400 or 413, never a traceback."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.requests import Request

from tests.standin.wire import ServiceError, bad_request, dump_json, too_large

__all__ = ["BODY_LIMIT", "check_chat", "read_json"]

BODY_LIMIT = 25 * 1024 * 1024  # bytes
_DRAINED = 4 * BODY_LIMIT  # a client still sending cannot read a refusal, so that much is read and dropped

_NUMBERS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
_INTEGERS: dict[str, tuple[int, int | None]] = {
    "n": (1, 128),
    "max_tokens": (1, None),
    "max_completion_tokens": (1, None),
    "top_logprobs": (0, 20),
    "seed": (-(2**63), 2**63 - 1),
}
_BOOLEANS = ("stream", "logprobs")
# Accepted and without effect on what a small open model says.
_IGNORED = {
    "metadata", "parallel_tool_calls", "prediction", "prompt_cache_key", "reasoning_effort", "safety_identifier",
    "service_tier", "store", "user", "user_security_context", "verbosity",
}  # fmt: skip
# The service knows them; to accept them here and do nothing would pretend.
_NOT_SERVED = {
    "audio", "data_sources", "function_call", "functions", "logit_bias", "modalities", "tool_choice", "tools",
    "web_search_options",
}  # fmt: skip
_KNOWN = {*_NUMBERS, *_INTEGERS, *_BOOLEANS, *_IGNORED, *_NOT_SERVED} | {
    "messages", "model", "response_format", "stop", "stream_options",
}  # fmt: skip
_ROLES = ("system", "developer", "user", "assistant")


async def read_json(request: Request, limit: int = BODY_LIMIT) -> dict[str, Any]:
    """The body of a request, an object. Raises ServiceError: 413 past `limit` bytes, 400 if it is no JSON object."""
    data, read = bytearray(), 0
    async for chunk in request.stream():
        read += len(chunk)
        if read <= limit:
            data += chunk
        elif read > _DRAINED:
            break
    if read > limit:
        raise too_large(limit, read)
    try:
        body = json.loads(data, parse_constant=_refuse_constant)
        dump_json(body)  # half a surrogate pair is legal JSON and no text: nothing after this could pass it on
    except (ValueError, RecursionError):
        raise bad_request("The body of the request could not be parsed as JSON.") from None
    if not isinstance(body, dict):
        raise bad_request(f"The body of the request must be a JSON object, not {_kind(body)}.")
    return body


def check_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a chat completion, checked; those that are null or without effect are left out."""
    for name in body:
        if name not in _KNOWN:
            raise bad_request(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    asked = {name: value for name, value in body.items() if value is not None and name not in _IGNORED}
    for name in sorted(_NOT_SERVED & asked.keys()):
        if asked.pop(name) not in ([], {}, ["text"]):
            raise _not_served(f"'{name}'", name)
    for name, (lowest, highest) in _NUMBERS.items():
        _check_number(asked, name, lowest, highest, (int, float), "a number")
    for name, (least, most) in _INTEGERS.items():
        _check_number(asked, name, least, most, (int,), "an integer")
    for name in _BOOLEANS:
        if not isinstance(asked.get(name, False), bool):
            raise _wrong_type(name, "a boolean", asked[name])
    _check_together(asked)
    _check_stop(asked)
    _check_response_format(asked)
    asked["messages"] = _check_messages(asked)
    return asked


def _check_number(asked, name, lowest, highest, types, expected) -> None:
    value = asked.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, types):
        raise _wrong_type(name, expected, value)
    if value < lowest:
        raise bad_request(f"{value} is less than the minimum of {lowest} - '{name}'")
    if highest is not None and value > highest:
        raise bad_request(f"{value} is greater than the maximum of {highest} - '{name}'")


def _check_together(asked: dict[str, Any]) -> None:
    if "max_tokens" in asked and "max_completion_tokens" in asked:
        raise bad_request("'max_tokens' and 'max_completion_tokens' cannot both be set.", "max_tokens")
    if "top_logprobs" in asked and not asked.get("logprobs"):
        raise bad_request("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs")
    options = asked.get("stream_options", {})
    if not isinstance(options, dict):
        raise _wrong_type("stream_options", "an object", options)
    if options and not asked.get("stream"):
        raise bad_request("'stream_options' needs 'stream' to be true.", "stream_options")


def _check_stop(asked: dict[str, Any]) -> None:
    stop = asked.get("stop", [])
    if isinstance(stop, str):
        stop = [stop]
    if not isinstance(stop, list) or not all(isinstance(text, str) for text in stop):
        raise _wrong_type("stop", "a string or an array of strings", stop)
    if len(stop) > 4:
        raise bad_request(f"Invalid 'stop': at most 4 strings, but got {len(stop)}.", "stop")


def _check_response_format(asked: dict[str, Any]) -> None:
    wanted = asked.get("response_format", {"type": "text"})
    if not isinstance(wanted, dict):
        raise _wrong_type("response_format", "an object", wanted)
    kind = wanted.get("type")
    if kind not in ("text", "json_object", "json_schema"):
        values = "'json_object', 'json_schema', and 'text'"
        raise bad_request(f"Invalid value: {kind!r}. Supported values are: {values}.", "response_format.type")
    if kind == "json_schema":
        named = wanted.get("json_schema")
        if not isinstance(named, dict) or not isinstance(named.get("name"), str):
            raise _missing("response_format.json_schema.name")
        if not isinstance(named.get("schema"), dict):
            raise _missing("response_format.json_schema.schema")


def _check_messages(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "messages" not in asked:
        raise _missing("messages")
    messages = asked["messages"]
    if not isinstance(messages, list):
        raise _wrong_type("messages", "an array of objects", messages)
    if not messages:
        raise bad_request("Invalid 'messages': expected at least one message.", "messages")
    return [_check_message(message, f"messages[{i}]") for i, message in enumerate(messages)]


def _check_message(message: Any, where: str) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise _wrong_type(where, "an object", message)
    role = message.get("role")
    if role is None:
        raise _missing(f"{where}.role")
    if role in ("tool", "function") or message.get("tool_calls"):
        raise _not_served("a message of tools", f"{where}.role")
    if role not in _ROLES:
        supported = ", ".join(f"'{name}'" for name in _ROLES)
        raise bad_request(f"Invalid value: {role!r}. Supported values are: {supported}.", f"{where}.role")
    content, name = message.get("content"), message.get("name")
    if content is None and role != "assistant":
        raise _missing(f"{where}.content")
    if isinstance(content, list):
        content = [_check_part(part, f"{where}.content[{i}]") for i, part in enumerate(content)]
    elif not isinstance(content, str | None):
        raise _wrong_type(f"{where}.content", "a string or an array of parts", content)
    if not isinstance(name, str | None):
        raise _wrong_type(f"{where}.name", "a string", name)
    return {"role": role, "content": content or "", **({"name": name} if name else {})}


def _check_part(part: Any, where: str) -> dict[str, str]:
    if not isinstance(part, dict):
        raise _wrong_type(where, "an object", part)
    if part.get("type") != "text":
        raise _not_served(f"a part of type {part.get('type')!r}", f"{where}.type")
    if not isinstance(part.get("text"), str):
        raise _missing(f"{where}.text")
    return {"type": "text", "text": part["text"]}


def _missing(name: str) -> ServiceError:
    return bad_request(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def _wrong_type(name: str, expected: str, value: Any) -> ServiceError:
    message = f"Invalid type for '{name}': expected {expected}, but got {_kind(value)} instead."
    return bad_request(message, name, "invalid_type")


def _not_served(what: str, param: str) -> ServiceError:
    return bad_request(f"Unsupported parameter: {what} is not served by this stand-in.", param, "unsupported_parameter")


def _kind(value: Any) -> str:
    names = {str: "a string", bool: "a boolean", list: "an array", dict: "an object", type(None): "null"}
    return names.get(type(value), "a number")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
