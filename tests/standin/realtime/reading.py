"""Reads what a client sends, field by field: what is unknown, of a wrong type or out of bounds is refused whole."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.standin.realtime.told import EventRefused, check_word, refuse_missing, refuse_type, refuse_unknown
from tests.standin.wire import dump_json

__all__ = ["Read", "boolean", "integer", "nullable", "number", "parse_event", "read_fields", "text", "whatever", "word"]

Read = Callable[[str, Any], Any]  # (the field's path, its value) -> the value that holds; raises EventRefused


def read_fields(
    path: str, given: Any, fields: Mapping[str, Read], required: Sequence[str] = (), ignored: Sequence[str] = ()
) -> dict[str, Any]:
    """The fields that are there. Raises EventRefused, for unknown ones first, as the service does."""
    if not isinstance(given, dict):
        raise refuse_type(path, "an object", given)
    for name in given:
        if name not in fields and name not in ignored:
            raise refuse_unknown(f"{path}.{name}")
    for name in required:
        if name not in given:
            raise refuse_missing(f"{path}.{name}")
    return {name: fields[name](f"{path}.{name}", value) for name, value in given.items() if name in fields}


def text(path: str, value: Any) -> str:
    if not isinstance(value, str):
        raise refuse_type(path, "a string", value)
    return value


def boolean(path: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise refuse_type(path, "a boolean", value)
    return value


def whatever(path: str, value: Any) -> Any:
    return value


def word(*allowed: str) -> Read:
    return lambda path, value: check_word(path, value, allowed)


def nullable(read: Read) -> Read:
    return lambda path, value: None if value is None else read(path, value)


def integer(least: int, most: int) -> Read:
    return _bounded("integer", "an integer", (int,), least, most)


def number(least: float, most: float) -> Read:
    return _bounded("decimal", "a decimal", (int, float), least, most)


def _bounded(kind: str, expected: str, types: tuple[type[float], ...], least: float, most: float) -> Read:
    def read(path: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, types):
            raise refuse_type(path, expected, value)
        if not least <= value <= most:
            side, sign, bound = ("below minimum", ">=", least) if value < least else ("above maximum", "<=", most)
            code = f"{kind}_{'below_min' if value < least else 'above_max'}_value"
            message = (
                f"Invalid '{path}': {kind} {side} value. Expected a value {sign} {bound:g}, but got {value} instead."
            )
            raise EventRefused(message, code, path)
        return value

    return read


def parse_event(frame: str | bytes) -> dict[str, Any]:
    """An event of a client's, which has a type."""
    if isinstance(frame, bytes):
        raise EventRefused("Binary frames are not taken: send each event as JSON text.", "invalid_event")
    try:
        event = json.loads(frame, parse_constant=_refuse_constant)
        dump_json(event)  # half a surrogate pair is legal JSON and no text: it could not be told back
    except (ValueError, RecursionError):
        raise EventRefused("The event could not be parsed as JSON.", "invalid_json") from None
    if not isinstance(event, dict):
        raise EventRefused("The event must be a JSON object.", "invalid_json")
    if "type" not in event:
        raise refuse_missing("type")
    return event


def _refuse_constant(word: str) -> None:
    raise ValueError(f"no JSON: {word}")
