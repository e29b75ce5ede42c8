"""What a response may ask for, and the chat that it comes to."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.standin.checking import (
    check_booleans,
    check_names,
    check_numbers,
    check_response_format,
    check_stream_options,
)
from tests.standin.refusals import bad_request, missing, not_served, wrong_type
from tests.standin.responses_items import Find, Given, read_items
from tests.standin.responses_tools import read_tools

__all__ = ["ENCRYPTED", "LOGPROBS", "Asked", "check_response", "response_format"]

ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
_IGNORED = {
    "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "service_tier", "user",
}  # fmt: skip
_NOT_SERVED = {
    "access_programs", "context_management", "conversation", "image", "max_tool_calls", "moderation",
    "prompt",
}  # fmt: skip
_KNOWN = {
    "background", "include", "input", "instructions", "max_output_tokens", "metadata", "model", "parallel_tool_calls",
    "previous_response_id", "reasoning", "store", "stream", "stream_options", "temperature", "text", "tool_choice",
    "tools", "top_logprobs", "top_p", "truncation",
}  # fmt: skip
_MOST_METADATA = 16


class Asked(NamedTuple):
    """parameters: checked. given: the input. tools: `tools` and what belongs to them, as chat has them."""

    parameters: dict[str, Any]
    given: Given
    tools: dict[str, Any]


def check_response(body: Mapping[str, Any], find: Find) -> Asked:
    """What a response is asked, checked. find: see responses_items.py."""
    asked = check_names(body, _KNOWN, _IGNORED, _NOT_SERVED)
    check_numbers(asked, max_output_tokens=(1, None), top_logprobs=(0, 20))
    check_booleans(asked, "background", "stream", "store", "parallel_tool_calls")
    if asked.get("background") and asked.get("store") is False:
        raise bad_request("Background mode requires 'store' to be true.", "background")
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
    if text.get("verbosity") not in ("low", "medium", "high", None):
        message = f"Invalid value: {text['verbosity']!r}. Supported values are: 'low', 'medium', and 'high'."
        raise bad_request(message, "text.verbosity", "invalid_value")
    if text.get("format") is not None:
        check_response_format(text["format"], "text.format")
    if "input" not in asked:
        raise missing("input")
    chat, tools = read_tools(asked)
    return Asked(asked | {"tools": tools}, read_items(asked["input"], find), chat)


def response_format(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What chat calls response_format, from `text.format`."""
    wanted = (asked.get("text") or {}).get("format") or {"type": "text"}
    if wanted["type"] != "json_schema":
        return wanted
    return {"type": "json_schema", "json_schema": {n: wanted[n] for n in ("name", "schema", "strict") if n in wanted}}


def _check_reasoning(reasoning: Any) -> None:
    if not isinstance(reasoning, dict):
        raise wrong_type("reasoning", "an object", reasoning)
    for name in ("context", "effort", "mode"):  # which words there are, parameters.csv says model by model
        if not isinstance(reasoning.get(name), str | None):
            raise wrong_type(f"reasoning.{name}", "a string", reasoning[name])
    for name in ("summary", "generate_summary"):
        if reasoning.get(name) is not None:
            raise not_served(f"'reasoning.{name}'", f"reasoning.{name}")


def _check_include(include: Any) -> None:
    if not isinstance(include, list):
        raise wrong_type("include", "an array of strings", include)
    for name in include:
        if name not in (LOGPROBS, ENCRYPTED):
            raise not_served(f"{name!r}", "include")


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise wrong_type("metadata", "an object of strings", metadata)
    if len(metadata) > _MOST_METADATA:
        message = f"Invalid 'metadata': at most {_MOST_METADATA} pairs, but got {len(metadata)}."
        raise bad_request(message, "metadata", "object_above_max_properties")
