"""Tools of the Responses API: functions, in a flatter form than chat's and strict unless they say otherwise.

Of the built-in ones there is image_generation, see image_tool.py.
"""

from collections.abc import Mapping
from typing import Any

from tests.standin.refusals import ServiceError, bad_request, missing, not_served, wrong_type
from tests.standin.schemas import check_strict
from tests.standin.toolbox import IMAGE_TOOL
from tests.standin.tools_request import check_tools

__all__ = ["read_tools"]

# What Microsoft's pages name beside functions; each needs a service that is not here.
_BUILT_IN = (
    "code_interpreter", "computer_use_preview", "custom", "file_search", "local_shell", "mcp", "web_search",
    "web_search_preview",
)  # fmt: skip
_DRAWS = "image_generation"
_DEEPEST = 60  # lists and objects; strict schemas end sooner


def read_tools(asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(the parameters as chat has them, the tools as the response repeats them; image_generation only there, as asked).

    A schema that does not say whether it is strict is closed first, every property required, as the service does; one
    that cannot be closed is taken as it is.
    """
    tools = asked.get("tools", [])
    if not isinstance(tools, list):
        raise wrong_type("tools", "an array of objects", tools)
    told = [_read_tool(tool, f"tools[{i}]") for i, tool in enumerate(tools)]
    chat = {name: asked[name] for name in ("parallel_tool_calls",) if name in asked and tools}
    all_of_them = [
        {"type": "function", "function": {name: value for name, value in tool.items() if name != "type"}}
        if tool["type"] == "function"
        else {"type": "function", "function": {"name": _DRAWS}}
        for tool in told
    ]
    draws = [tool["type"] == _DRAWS for tool in told]
    chat["tools"] = [tool for tool, one_draws in zip(all_of_them, draws, strict=True) if not one_draws]
    choice = asked.get("tool_choice")
    if choice is not None and (tools or choice not in ("auto", "none")):  # without tools both ask for nothing
        chat["tool_choice"] = _read_choice(choice)
    if sum(draws) > 1:
        raise bad_request("Invalid 'tools': 'image_generation' can be there once.", "tools")
    forced = isinstance(choice, dict) and choice.get("type") == _DRAWS
    if forced and not any(draws):
        raise bad_request("Tool choice 'image_generation' not found in 'tools' parameter.", "tool_choice")
    try:
        check_tools({**chat, "tools": all_of_them} | ({"tool_choice": "required"} if forced else {}))
    except ServiceError as error:  # chat's own words, but for the place: here there is no inner "function"
        for name in ("message", "param"):
            error.error[name] = str(error.error[name]).replace(".function", "")
        raise
    return chat, told


def _read_tool(tool: Any, where: str) -> dict[str, Any]:
    if not isinstance(tool, dict):
        raise wrong_type(where, "an object", tool)
    kind = tool.get("type")
    if kind == _DRAWS:
        return tool
    if kind in _BUILT_IN:
        what = "an MCP server" if kind == "mcp" else f"the built-in tool '{kind}'"
        raise not_served(what, "tools", "Function tools are; for this one ask a resource of your own.")
    if kind != "function":
        supported = ", ".join(f"'{name}'" for name in sorted((*_BUILT_IN, _DRAWS, "function")))
        raise bad_request(
            f"Invalid value: {kind!r}. Supported values are: {supported}.", f"{where}.type", "invalid_value"
        )
    if not isinstance(tool.get("name"), str):
        raise missing(f"{where}.name")
    if not isinstance(tool.get("strict"), bool | None):
        raise wrong_type(f"{where}.strict", "a boolean", tool["strict"])
    parameters, strict = tool.get("parameters"), tool.get("strict")
    if strict is None:
        parameters, strict = _close(parameters)
    named = {"type": "function", "description": tool.get("description"), "name": tool["name"]}
    return named | {"parameters": parameters, "strict": strict}


def _close(parameters: Any) -> tuple[Any, bool]:
    """(a schema that leaves nothing open, True), or the schema as it was and False where it asks to stay open."""
    closed = _close_part(parameters)
    try:
        check_strict(closed, bad_request)
    except ServiceError:
        return parameters, False
    return closed, True


def _close_part(part: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:  # what is nested so deeply is no strict schema anyway
        return part
    if isinstance(part, list):
        return [_close_part(each, depth + 1) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _close_part(value, depth + 1) for name, value in part.items()}
    if part.get("type") == "object" and isinstance(properties := part.get("properties", {}), dict):
        closed.setdefault("additionalProperties", False)
        closed["required"] = list(properties)
    return closed


def _read_choice(choice: Any) -> Any:
    """As chat has it. A tool that is no function, or a list of those allowed, is not served."""
    if not isinstance(choice, dict):
        return choice
    if choice.get("type") == _DRAWS:
        return {"type": "function", "function": {"name": IMAGE_TOOL}}
    if choice.get("type") != "function":
        raise not_served(f"a 'tool_choice' of type {choice.get('type')!r}", "tool_choice")
    if not isinstance(choice.get("name"), str):
        raise missing("tool_choice.name")
    return {"type": "function", "function": {"name": choice["name"]}}
