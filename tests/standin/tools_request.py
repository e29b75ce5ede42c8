"""What a chat completion may ask for with tools: the tools, the choice, and messages that hold calls and results."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.standin.checking import check_booleans
from tests.standin.refusals import ServiceError, array_too_long, bad_request, missing, wrong_type
from tests.standin.schemas import NAME, check_strict

__all__ = ["check_calls", "check_sequence", "check_tools"]

_MOST_TOOLS = 128


def check_tools(asked: Mapping[str, Any]) -> None:
    """Checks `tools`, `tool_choice` and `parallel_tool_calls` of a chat completion."""
    tools = asked.get("tools", [])
    if not isinstance(tools, list):
        raise wrong_type("tools", "an array of objects", tools)
    if len(tools) > _MOST_TOOLS:
        raise array_too_long("tools", _MOST_TOOLS, len(tools))
    for i, tool in enumerate(tools):
        _check_tool(tool, f"tools[{i}]")
    check_booleans(asked, "parallel_tool_calls")
    for name in ("tool_choice", "parallel_tool_calls"):
        if name in asked and not tools:
            raise bad_request(f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", name)
    if "tool_choice" in asked:
        _check_choice(asked["tool_choice"], [tool["function"]["name"] for tool in tools])


def check_calls(calls: Any, where: str) -> list[dict[str, Any]]:
    """The calls that a message of the assistant's hands back."""
    if not isinstance(calls, list):
        raise wrong_type(where, "an array of objects", calls)
    for i, call in enumerate(calls):
        at = f"{where}[{i}]"
        if not isinstance(call, dict):
            raise wrong_type(at, "an object", call)
        function = call.get("function")
        if not isinstance(call.get("id"), str):
            raise missing(f"{at}.id")
        if not isinstance(function, dict):
            raise missing(f"{at}.function")
        for name in ("name", "arguments"):
            if not isinstance(function.get(name), str):
                raise missing(f"{at}.function.{name}")
    return calls


def check_sequence(messages: Sequence[Mapping[str, Any]]) -> None:
    """Raises what the service answers where a call has no result after it, or a result no call before it."""
    open_calls: list[str] = []
    for i, message in enumerate(messages):
        where = f"messages.[{i}].role"  # with a point, as the service writes it here
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                # The service's own spelling.
                text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                raise bad_request(f"{text}'tool_calls'.", where)
            open_calls.remove(message["tool_call_id"])
        elif open_calls:
            raise _unanswered(open_calls, where)
        open_calls += [call["id"] for call in message.get("tool_calls", [])]
    if open_calls:
        raise _unanswered(open_calls, f"messages.[{len(messages)}].role")


def _unanswered(calls: Sequence[str], where: str) -> ServiceError:
    message = (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
        f"The following tool_call_ids did not have response messages: {', '.join(calls)}"
    )
    return bad_request(message, where)


def _check_tool(tool: Any, where: str) -> None:
    if not isinstance(tool, dict):
        raise wrong_type(where, "an object", tool)
    if tool.get("type") != "function":
        message = f"Invalid value: {tool.get('type')!r}. Supported values are: 'function'."
        raise bad_request(message, f"{where}.type", "invalid_value")
    function = tool.get("function")
    if not isinstance(function, dict):
        raise missing(f"{where}.function")
    name, parameters = function.get("name"), function.get("parameters")
    if not isinstance(name, str):
        raise missing(f"{where}.function.name")
    if not NAME.fullmatch(name) or len(name) > 64:
        message = (
            f"Invalid '{where}.function.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        )
        raise bad_request(message, f"{where}.function.name", "invalid_value")
    if not isinstance(function.get("description"), str | None):
        raise wrong_type(f"{where}.function.description", "a string", function["description"])

    def refuse(why: str) -> ServiceError:
        message = f"Invalid schema for function '{name}': {why}"
        return bad_request(message, f"{where}.function.parameters", "invalid_function_parameters")

    if parameters is not None:
        if not isinstance(parameters, dict) or parameters.get("type") != "object":
            kind = parameters.get("type") if isinstance(parameters, dict) else None
            raise refuse(f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'.")
        if not isinstance(parameters.get("properties", {}), dict):
            raise refuse(f"{parameters['properties']!r} is not of type 'object'.")
        if function.get("strict"):
            check_strict(parameters, refuse)


def _check_choice(choice: Any, names: Sequence[str]) -> None:
    if choice in ("auto", "none", "required"):
        return
    if isinstance(choice, str):
        message = f"Invalid value: {choice!r}. Supported values are: 'none', 'auto', and 'required'."
        raise bad_request(message, "tool_choice", "invalid_value")
    if not isinstance(choice, dict) or choice.get("type") != "function":
        raise wrong_type("tool_choice", "a string or an object of type 'function'", choice)
    function = choice.get("function")
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str):
        raise missing("tool_choice.function.name")
    if name not in names:
        message = f"Invalid value for 'tool_choice': no function named {name!r} was specified in the 'tools' parameter."
        raise bad_request(message, "tool_choice")
