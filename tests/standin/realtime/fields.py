"""The settings of a session that both forms of the API have: read one by one, refused by name."""

from collections.abc import Mapping
from typing import Any

from tests.standin.realtime import reading as r
from tests.standin.realtime.settings import VAD
from tests.standin.realtime.told import EventRefused, refuse_type
from tests.standin.schemas import NAME

__all__ = ["COMMON", "read_detection", "read_modalities", "read_most", "read_reduction", "read_transcription"]

_MOST_TOKENS = 4_096
_LONGEST_NAME = 64


def read_detection(path: str, given: Any) -> dict[str, Any] | None:
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


def read_transcription(path: str, given: Any) -> dict[str, Any] | None:
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
        fields: dict[str, r.Read] = {"type": r.word("function"), "name": _read_name, "description": r.nullable(r.text)}
        fields["parameters"] = r.nullable(_read_schema)
        read = r.read_fields(at, tool, fields, ("type", "name"))
        if wrong := _find_wrong(read.get("parameters") or {"type": "object"}):
            message = f"Invalid schema for function '{read['name']}': {wrong}"
            raise EventRefused(message, "invalid_function_parameters", f"{at}.parameters")
        empty = {"type": "object", "properties": {}}
        told = {"type": "function", "name": read["name"], "description": read.get("description")}
        tools.append({**told, "parameters": read.get("parameters") or empty})
    return tuple(tools)


def _find_wrong(schema: Mapping[str, Any]) -> str:
    if schema.get("type") != "object":
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    if not isinstance(schema.get("properties", {}), dict):
        return f"{schema['properties']!r} is not of type 'object'."
    return ""


def _read_name(path: str, given: Any) -> str:
    name = r.text(path, given)
    if not NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        message = (
            f"Invalid '{path}': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        )
        raise EventRefused(message, "invalid_value", path)
    return name


def _read_schema(path: str, given: Any) -> Any:
    if not isinstance(given, dict):
        raise refuse_type(path, "an object", given)
    return given


def _read_choice(path: str, given: Any) -> Any:
    if isinstance(given, dict):
        return r.read_fields(path, given, {"type": r.word("function"), "name": r.text}, ("type", "name"))
    return r.word("auto", "none", "required")(path, given)


def read_most(path: str, given: Any) -> int | None:
    return None if given == "inf" else r.integer(1, _MOST_TOKENS)(path, given)


def read_modalities(path: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list):
        raise refuse_type(path, "an array", given)
    words = tuple(sorted({r.word("text", "audio")(f"{path}[{i}]", each) for i, each in enumerate(given)}))
    if not words:
        raise EventRefused(f"Invalid '{path}': empty array.", "empty_array", path)
    return words


COMMON: Mapping[str, r.Read] = {
    "instructions": r.text,
    "tools": _read_tools,
    "tool_choice": _read_choice,
    "tracing": r.whatever,
    "include": r.whatever,
}
read_reduction = r.nullable(
    lambda path, given: r.read_fields(path, given, {"type": r.word("near_field", "far_field")}, ("type",))
)
