"""What a response may ask for, and the chat that it comes to."""

from collections.abc import Mapping
from typing import Any

from tests.standin.checking import (
    check_booleans,
    check_names,
    check_numbers,
    check_response_format,
    check_stream_options,
    check_text_parts,
)
from tests.standin.refusals import bad_request, missing, not_served, wrong_type
from tests.standin.tokens import message_text

__all__ = ["LOGPROBS", "check_response", "read_input", "response_format"]

LOGPROBS = "message.output_text.logprobs"
_IGNORED = {
    "parallel_tool_calls", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
    "safety_identifier", "service_tier", "user",
}  # fmt: skip
_NOT_SERVED = {
    "access_programs", "background", "context_management", "conversation", "image", "max_tool_calls", "moderation",
    "prompt", "tool_choice", "tools",
}  # fmt: skip
_KNOWN = {
    "include", "input", "instructions", "max_output_tokens", "metadata", "model", "previous_response_id", "reasoning",
    "store",    "stream", "stream_options", "temperature", "text", "top_logprobs", "top_p", "truncation",
}  # fmt: skip
_ROLES = ("user", "assistant", "system", "developer")
_PARTS = ("input_text", "output_text", "text")
_MOST_METADATA = 16


def check_response(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a response, checked; `input` becomes a list of chat messages."""
    if body.get("tool_choice") in ("auto", "none"):  # without tools both ask for nothing
        body = {name: value for name, value in body.items() if name != "tool_choice"}
    asked = check_names(body, _KNOWN, _IGNORED, _NOT_SERVED)
    check_numbers(asked, max_output_tokens=(1, None), top_logprobs=(0, 20))
    check_booleans(asked, "stream", "store")
    check_stream_options(asked)
    for name in ("instructions", "previous_response_id", "prompt_cache_key", "safety_identifier", "user"):
        if not isinstance(body.get(name), str | None):
            raise wrong_type(name, "a string", body[name])
    if asked.get("truncation", "auto") not in ("auto", "disabled"):
        message = f"Invalid value: {asked['truncation']!r}. Supported values are: 'auto' and 'disabled'."
        raise bad_request(message, "truncation", "invalid_value")
    _check_include(asked.get("include", []))
    _check_metadata(asked.get("metadata", {}))
    _check_reasoning(asked.get("reasoning", {}))
    text = asked.get("text", {})
    if not isinstance(text, dict):
        raise wrong_type("text", "an object", text)
    if text.get("verbosity", "medium") not in ("low", "medium", "high"):
        message = f"Invalid value: {text['verbosity']!r}. Supported values are: 'low', 'medium', and 'high'."
        raise bad_request(message, "text.verbosity", "invalid_value")
    if text.get("format") is not None:
        check_response_format(text["format"], "text.format")
    if "input" not in asked:
        raise missing("input")
    return asked | {"input": read_input(asked["input"])}


def read_input(given: Any) -> list[dict[str, Any]]:
    """The input of a response as chat messages: a text is the user's; items are messages, of earlier answers too."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise wrong_type("input", "a string or an array of items", given)
    if not given:
        raise bad_request("Invalid 'input': expected at least one item.", "input")
    # A reasoning item handed back holds nothing to read.
    spoken = [
        (i, item) for i, item in enumerate(given) if not (isinstance(item, dict) and item.get("type") == "reasoning")
    ]
    if not spoken:
        raise bad_request("Invalid 'input': expected at least one message.", "input")
    return [_read_item(item, f"input[{i}]") for i, item in spoken]


def response_format(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What chat calls response_format, from `text.format`."""
    wanted = (asked.get("text") or {}).get("format") or {"type": "text"}
    if wanted["type"] != "json_schema":
        return wanted
    return {"type": "json_schema", "json_schema": {n: wanted[n] for n in ("name", "schema", "strict") if n in wanted}}


def _read_item(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise wrong_type(where, "an object", item)
    if item.get("type", "message") != "message":
        raise not_served(f"an item of type {item.get('type')!r}", f"{where}.type")
    if item.get("role") not in _ROLES:
        supported = ", ".join(f"'{name}'" for name in _ROLES)
        message = f"Invalid value: {item.get('role')!r}. Supported values are: {supported}."
        raise bad_request(message, f"{where}.role", "invalid_value")
    if item.get("content") is None:
        raise missing(f"{where}.content")
    checked = {"content": check_text_parts(item["content"], f"{where}.content", _PARTS)}
    # As one text, so that an answer handed back is the same to the engine as one that was followed.
    return {"role": item["role"], "content": message_text(checked)}


def _check_reasoning(reasoning: Any) -> None:
    if not isinstance(reasoning, dict):
        raise wrong_type("reasoning", "an object", reasoning)
    if not isinstance(reasoning.get("effort"), str | None):
        raise wrong_type("reasoning.effort", "a string", reasoning["effort"])
    for name in ("summary", "generate_summary"):
        if reasoning.get(name) is not None:
            raise not_served(f"'reasoning.{name}'", f"reasoning.{name}")


def _check_include(include: Any) -> None:
    if not isinstance(include, list):
        raise wrong_type("include", "an array of strings", include)
    for name in include:
        if name not in (LOGPROBS, "reasoning.encrypted_content"):
            raise not_served(f"{name!r}", "include")


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise wrong_type("metadata", "an object of strings", metadata)
    if len(metadata) > _MOST_METADATA:
        message = f"Invalid 'metadata': at most {_MOST_METADATA} pairs, but got {len(metadata)}."
        raise bad_request(message, "metadata", "object_above_max_properties")
