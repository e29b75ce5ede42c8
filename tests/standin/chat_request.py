"""What a chat completion may ask for."""

from collections.abc import Mapping
from typing import Any

from tests.standin.checking import (
    check_booleans,
    check_json_word,
    check_names,
    check_numbers,
    check_response_format,
    check_stop,
    check_stream_options,
)
from tests.standin.refusals import bad_request, missing, not_served, wrong_type
from tests.standin.seeing.parts import PICTURE, read_parts
from tests.standin.talking.parts import SOUND, read_sound_part
from tests.standin.tools_request import check_calls, check_sequence, check_tools

__all__ = ["check_chat"]

# Accepted and without effect on what a small open model says.
_IGNORED = {
    "metadata", "prediction", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier",
    "service_tier", "store", "user", "user_security_context",
}  # fmt: skip
_NOT_SERVED = {"data_sources", "function_call", "functions", "logit_bias", "web_search_options"}
_KNOWN = {
    "audio", "frequency_penalty", "logprobs", "max_completion_tokens", "max_tokens", "messages", "modalities", "model",
    "n", "parallel_tool_calls", "presence_penalty", "reasoning_effort", "response_format", "seed", "stop", "stream",
    "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "verbosity",
}  # fmt: skip
_ROLES = ("system", "developer", "user", "assistant", "tool")


def check_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a chat completion, checked; those that are null or without effect are left out."""
    asked = check_names(body, _KNOWN, _IGNORED, _NOT_SERVED)
    check_numbers(asked, max_tokens=(1, None), max_completion_tokens=(1, None), top_logprobs=(0, 20))
    check_booleans(asked, "stream", "logprobs")
    if "max_tokens" in asked and "max_completion_tokens" in asked:
        raise bad_request("'max_tokens' and 'max_completion_tokens' cannot both be set.", "max_tokens")
    if "top_logprobs" in asked and not asked.get("logprobs"):
        raise bad_request("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs")
    for name in ("reasoning_effort", "verbosity"):  # which words there are, parameters.csv says model by model
        if not isinstance(asked.get(name), str | None):
            raise wrong_type(name, "a string", asked[name])
    check_stream_options(asked)
    check_stop(asked)
    if "response_format" in asked:
        check_response_format(asked["response_format"], "response_format")
    check_tools(asked)
    asked["messages"] = _check_messages(asked)
    check_sequence(asked["messages"])
    check_json_word(asked.get("response_format"), asked["messages"], "messages")
    return asked


def _check_messages(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "messages" not in asked:
        raise missing("messages")
    messages = asked["messages"]
    if not isinstance(messages, list):
        raise wrong_type("messages", "an array of objects", messages)
    if not messages:
        raise bad_request("Invalid 'messages': expected at least one message.", "messages")
    return [_check_message(message, f"messages[{i}]") for i, message in enumerate(messages)]


def _check_message(message: Any, where: str) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise wrong_type(where, "an object", message)
    role = message.get("role")
    if role is None:
        raise missing(f"{where}.role")
    if role == "function":
        raise not_served("a message of role 'function'", f"{where}.role")
    if role not in _ROLES:
        supported = ", ".join(f"'{name}'" for name in _ROLES)
        raise bad_request(
            f"Invalid value: {role!r}. Supported values are: {supported}.", f"{where}.role", "invalid_value"
        )
    content, name = message.get("content"), message.get("name")
    if content is None and role != "assistant":
        raise missing(f"{where}.content")
    if not isinstance(name, str | None):
        raise wrong_type(f"{where}.name", "a string", name)
    checked = read_parts(content or "", f"{where}.content", ("text",), "chat", {"input_audio": read_sound_part})
    if role != "user" and isinstance(checked, list) and any(part["type"] == SOUND for part in checked):
        raise bad_request(f"Invalid '{where}'. Sound is only allowed for messages with role 'user'.", where)
    if role != "user" and isinstance(checked, list) and any(part["type"] == PICTURE for part in checked):
        message = (
            f"Invalid '{where}'. Image URLs are only allowed for messages with role 'user', but this message with role "
            f"'{role}' contains an image URL."
        )
        raise bad_request(message, where, "invalid_value")
    told = {"role": role, "content": checked, **({"name": name} if name else {})}
    if role == "assistant" and message.get("tool_calls"):
        told["tool_calls"] = check_calls(message["tool_calls"], f"{where}.tool_calls")
    if role == "assistant" and message.get("audio") is not None:
        told["spoken"] = _read_spoken(message["audio"], f"{where}.audio")
    if role == "tool":
        if not isinstance(message.get("tool_call_id"), str):
            raise missing(f"{where}.tool_call_id")
        told["tool_call_id"] = message["tool_call_id"]
    return told


def _read_spoken(audio: Any, where: str) -> str:
    """The id of an earlier spoken answer."""
    if not isinstance(audio, dict):
        raise wrong_type(where, "an object", audio)
    if audio.get("id") is None:
        raise missing(f"{where}.id")
    if not isinstance(audio["id"], str):
        raise wrong_type(f"{where}.id", "a string", audio["id"])
    return audio["id"]
