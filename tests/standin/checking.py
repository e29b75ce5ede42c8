"""What is asked for, checked before an engine sees it. Everything wrong is a 400 or 413, never a traceback.

Here is what the routes share; each has a module of its own for the rest (chat_request.py and its kin).
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NoReturn

from starlette.requests import Request

from tests.standin.refusals import bad_request, missing, not_served, too_large, wrong_type
from tests.standin.schemas import NAME, check_strict
from tests.standin.tokens import message_text
from tests.standin.wire import dump_json

__all__ = [
    "BODY_LIMIT",
    "check_booleans",
    "check_json_word",
    "check_names",
    "check_numbers",
    "check_response_format",
    "check_stop",
    "check_stream_options",
    "check_text_parts",
    "read_json",
]

BODY_LIMIT = 50 * 1024 * 1024  # bytes: room for a picture of 20 MB, a third more in base64, and another
_DRAINED = 2 * BODY_LIMIT  # a client still sending cannot read a refusal, so that much is read and dropped

_NUMBERS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
_INTEGERS: dict[str, tuple[int, int | None]] = {"n": (1, 128), "seed": (-(2**63), 2**63 - 1)}


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
        raise bad_request("The body of the request must be a JSON object.")
    return body


def check_names(
    body: Mapping[str, Any], known: Collection[str], ignored: Collection[str], unserved: Collection[str]
) -> dict[str, Any]:
    """The parameters that are neither null nor without effect. unserved: the service knows them, this does not."""
    for name in body:
        if name not in known and name not in ignored and name not in unserved:
            raise bad_request(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    asked = {name: value for name, value in body.items() if value is not None and name not in ignored}
    for name in [name for name in asked if name in unserved]:
        if asked.pop(name) not in ([], {}, ["text"], "", False):  # these ask for nothing
            raise not_served(f"'{name}'", name)
    return asked


def check_numbers(asked: Mapping[str, Any], **integers: tuple[int, int | None]) -> None:
    """Checks those that all routes have, and integers by name with their bounds."""
    for name, (lowest, highest) in _NUMBERS.items():
        _check_number(asked, name, lowest, highest, (int, float), "a number")
    for name, (least, most) in {**_INTEGERS, **integers}.items():
        _check_number(asked, name, least, most, (int,), "an integer")


def _check_number(asked, name, lowest, highest, types, expected) -> None:
    value = asked.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, types):
        raise wrong_type(name, expected, value)
    if value < lowest:
        raise bad_request(f"{value} is less than the minimum of {lowest} - '{name}'")
    if highest is not None and value > highest:
        raise bad_request(f"{value} is greater than the maximum of {highest} - '{name}'")


def check_booleans(asked: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if not isinstance(asked.get(name), bool | None):
            raise wrong_type(name, "a boolean", asked[name])


def check_stream_options(asked: Mapping[str, Any]) -> None:
    options = asked.get("stream_options", {})
    if not isinstance(options, dict):
        raise wrong_type("stream_options", "an object", options)
    if options and not asked.get("stream"):
        raise bad_request("'stream_options' needs 'stream' to be true.", "stream_options")


def check_stop(asked: Mapping[str, Any]) -> None:
    stop = asked.get("stop", [])
    if isinstance(stop, str):
        stop = [stop]
    if not isinstance(stop, list) or not all(isinstance(text, str) for text in stop):
        raise wrong_type("stop", "a string or an array of strings", stop)
    if len(stop) > 4:
        raise bad_request(f"Invalid 'stop': at most 4 strings, but got {len(stop)}.", "stop")


def check_response_format(wanted: Any, where: str) -> None:
    """where: "response_format", whose schema lies one level deeper, or "text.format" of the Responses API."""
    if not isinstance(wanted, dict):
        raise wrong_type(where, "an object", wanted)
    kind = wanted.get("type")
    if kind not in ("text", "json_object", "json_schema"):
        values = "'json_object', 'json_schema', and 'text'"
        raise bad_request(f"Invalid value: {kind!r}. Supported values are: {values}.", f"{where}.type", "invalid_value")
    if kind == "json_schema":
        inner = f"{where}.json_schema" if where == "response_format" else where
        named = wanted.get("json_schema") if where == "response_format" else wanted
        if not isinstance(named, dict) or not isinstance(named.get("name"), str):
            raise missing(f"{inner}.name")
        if not isinstance(named.get("schema"), dict):
            raise missing(f"{inner}.schema")
        if not NAME.fullmatch(named["name"]):
            message = (
                f"Invalid '{inner}.name': string does not match pattern. "
                "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            )
            raise bad_request(message, f"{inner}.name", "invalid_value")
        if named.get("strict"):
            check_strict(
                named["schema"],
                lambda why: bad_request(f"Invalid schema for response_format '{named['name']}': {why}", where),
            )


def check_json_word(wanted: Any, messages: Iterable[Mapping[str, Any]], where: str) -> None:
    """JSON mode promises some JSON and not which: the service wants to see that the prompt asks for it."""
    if not wanted or wanted["type"] != "json_object" or any("json" in message_text(m).lower() for m in messages):
        return
    if where == "input":
        named = "Response input messages must contain the word 'json' in some form to use 'text.format'"
    else:
        named = "'messages' must contain the word 'json' in some form, to use 'response_format'"
    raise bad_request(f"{named} of type 'json_object'.", where)


def check_text_parts(content: Any, where: str, kinds: Collection[str], first: int = 0) -> list[dict[str, str]] | str:
    """A message's content, with its parts as text parts of chat. kinds: what such parts are called here.

    first: the number of the first part.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong_type(where, "a string or an array of parts", content)
    parts = []
    for i, part in enumerate(content, first):
        at = f"{where}[{i}]"
        if not isinstance(part, dict):
            raise wrong_type(at, "an object", part)
        if part.get("type") not in kinds:
            raise not_served(f"a part of type {part.get('type')!r}", f"{at}.type")
        if not isinstance(part.get("text"), str):
            raise missing(f"{at}.text")
        parts.append({"type": "text", "text": part["text"]})
    return parts


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
