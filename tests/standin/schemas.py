"""JSON schemas as structured outputs take them: the rules of strict ones, and schemas that fit into others."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.standin.refusals import ServiceError
from tests.standin.tokens import message_text

__all__ = ["NAME", "check_strict", "nest_schema", "tell_engine", "tell_schema"]

NAME = re.compile(r"[a-zA-Z0-9_-]+")  # of a schema or a function
_REFUSED = ("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")


def check_strict(schema: Any, refuse: Callable[[str], ServiceError]) -> None:
    """Raises what the service answers where a strict schema leaves anything open. refuse: the error for a reason."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        kind = schema.get("type") if isinstance(schema, dict) else None
        raise refuse(f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'.")
    _check_part(schema, (), refuse, 0)


def _check_part(part: Any, context: tuple[str, ...], refuse: Callable[[str], ServiceError], depth: int) -> None:
    if depth > 10:  # Azure's own bound on nesting is 5, counted in objects
        raise refuse(f"In context={context}, the schema is nested too deeply.")
    if not isinstance(part, dict):
        raise refuse(f"In context={context}, {part!r} is not of type 'object', 'boolean'.")
    for word in _REFUSED:
        if word in part:
            raise refuse(f"In context={context}, '{word}' is not permitted.")
    properties = part.get("properties")
    if part.get("type") == "object" or properties is not None:
        if part.get("additionalProperties") is not False:
            raise refuse(f"In context={context}, 'additionalProperties' is required to be supplied and to be false.")
        properties = properties if isinstance(properties, dict) else {}
        required = part.get("required")
        missing = [name for name in properties if not isinstance(required, list) or name not in required]
        if missing:
            raise refuse(
                f"In context={context}, 'required' is required to be supplied and to be an array including every key "
                f"in properties. Missing '{missing[0]}'."
            )
    for word in ("properties", "$defs"):
        inner = part.get(word)
        for name, each in inner.items() if isinstance(inner, dict) else ():
            _check_part(each, (*context, word, name), refuse, depth + 1)
    if "items" in part:
        _check_part(part["items"], (*context, "items"), refuse, depth + 1)
    options = part.get("anyOf")
    for i, each in enumerate(options if isinstance(options, list) else ()):
        _check_part(each, (*context, "anyOf", str(i)), refuse, depth + 1)


def tell_schema(wanted: Mapping[str, Any] | None, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The chat with the schema of its answer told to the engine, which would only feel its bounds otherwise."""
    if not wanted or wanted["type"] != "json_schema":
        return messages
    named = wanted["json_schema"]
    described = f" ({named['description']})" if isinstance(named.get("description"), str) else ""
    schema = json.dumps(named["schema"], ensure_ascii=False)
    return tell_engine(f"Write your answer as JSON that fits this schema{described}:\n{schema}", messages)


def tell_engine(told: str, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The chat with something more said to the engine: in the message that opens the chat, or in one of its own."""
    if messages and messages[0]["role"] in ("system", "developer"):
        first, *rest = messages
        return [{**first, "content": f"{message_text(first)}\n\n{told}"}, *rest]
    return [{"role": "system", "content": told}, *messages]


def nest_schema(schema: Mapping[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(schema, definitions) for use inside another schema, where its own definitions carry `name` before theirs."""
    whole = f"#/$defs/{name}"
    recursive = False

    def rename(part: Any) -> Any:
        nonlocal recursive
        if isinstance(part, list):
            return [rename(each) for each in part]
        if not isinstance(part, dict):
            return part
        renamed = {word: rename(each) for word, each in part.items()}
        if isinstance(target := part.get("$ref"), str):
            recursive |= target == "#"
            renamed["$ref"] = whole if target == "#" else target.replace("#/$defs/", f"{whole}.")
        return renamed

    own = schema.get("$defs")
    definitions = {f"{name}.{word}": rename(part) for word, part in (own if isinstance(own, dict) else {}).items()}
    renamed = rename({word: part for word, part in schema.items() if word != "$defs"})
    return renamed, definitions | ({name: renamed} if recursive else {})
