"""What one Azure model takes and another refuses, from parameters.csv and models.csv, as the service answers it."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from helpers.parameters import IDLE_IF_FALSE, find_rule
from helpers.tables import read_rows
from tests.standin.deployments import Deployment
from tests.standin.refusals import (
    ServiceError,
    bad_request,
    context_exceeded,
    input_exceeded,
    integer_below,
    list_values,
    operation_refused,
    tools_need_no_effort,
)

__all__ = ["check_rules", "check_window", "input_window", "serves"]

_OPERATIONS = {
    "chat": "chatCompletion",
    "completions": "completion",
    "embeddings": "embeddings",
    "responses": "responses",
}
# In the Responses API these have another name, and the service says which.
_MOVED = {
    "max_completion_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "messages": "input",
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
}


def check_rules(api: str, deployment: Deployment, body: Mapping[str, Any]) -> None:
    """Raises what the service answers where the model does not take a parameter, or not this value of it.

    api: as in parameters.csv. What the table has no rule for passes; so do null, what is empty, and a false that asks
    for nothing.
    """
    if not serves(api, deployment):
        raise operation_refused(_OPERATIONS[api], deployment.name)
    for name, value in _unfold(body):
        rule = find_rule(api, deployment.versioned, name)
        if rule is None or value is None or value in ("", [], {}):
            continue
        if value is False and (rule["accepted"] == "yes" or name in IDLE_IF_FALSE):
            continue
        if rule["accepted"] == "no":
            raise _refuse(api, name, value, rule)
        if name == "tools" and rule["needs"] and body.get("reasoning_effort") != "none":
            raise tools_need_no_effort(deployment.model)
        if rule["error_code"] and isinstance(value, int | float):
            _check_bounds(name, value, rule)
        if name == "response_format" and isinstance(value, dict):
            _check_format(value.get("type"), rule)
        elif rule["allowed_values"] and isinstance(value, str):
            _check_allowed(api, deployment, name, value, rule)
    _check_breakpoints(api, deployment, body)
    _check_roles(find_rule(api, deployment.versioned, "messages.role"), body.get("messages"))


def serves(api: str, deployment: Deployment) -> bool:
    """Whether an API takes the model. Where the table is silent: those that chat do."""
    rule = find_rule(api, deployment.versioned, "model")
    return rule["accepted"] == "yes" if rule else deployment.chats and api in ("chat", "responses")


def check_window(deployment: Deployment, prompt: int, limit: int, what: str, choices: int = 1) -> None:
    """Raises what the service answers where prompt and answer have no room in the model.

    prompt: tokens; limit: the most that the answer may have, 0 if not said. what: "messages", "prompt" or "input".
    """
    window, most = _read_window(deployment.model, deployment.version)
    named = "max_output_tokens" if what == "input" else "max_tokens"
    if most and limit > most:
        message = (
            f"{named} is too large: {limit}. This model supports at most {most} completion tokens, "
            f"whereas you provided {limit}."
        )
        raise bad_request(message, named, "invalid_value")
    if window and prompt + limit > window:
        raise input_exceeded() if what == "input" else context_exceeded(window, prompt, limit, what)


def input_window(deployment: Deployment) -> int | None:
    """How many tokens the model reads; None where the table does not say."""
    return _read_window(deployment.model, deployment.version)[0]


@cache
def _read_window(model: str, version: str) -> tuple[int | None, int | None]:
    """(tokens that prompt and answer share, most tokens of an answer) of models.csv."""
    (row,) = [row for row in read_rows("models") if (row["model"], row["version"]) == (model, version)]
    window = row["context_window_tokens"] or row["max_input_tokens"]
    return int(window) if window else None, int(row["max_output_tokens"]) if row["max_output_tokens"] else None


def _unfold(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name and value of each parameter, and of what lies in those of the Responses API: reasoning.effort."""
    for name, value in body.items():
        if "." not in name:  # else a rule for an inner parameter would fit one that nobody knows
            yield name, value
        if name in ("reasoning", "text") and isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", one) for inner, one in value.items())


def _refuse(api: str, name: str, value: Any, rule: Mapping[str, str]) -> ServiceError:
    if api == "responses" and name in _MOVED:
        message = (
            f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{_MOVED[name]}'. "
            "Try again with the new parameter."
        )
    elif name == "max_tokens":
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
    elif name == "response_format" and isinstance(value, Mapping):
        return _refuse_format(str(value.get("type")))
    elif name == "dimensions":
        return bad_request("This model does not support specifying dimensions.")
    elif value is True and not rule["error_code"]:
        return _unsupported_value(f"'{name}' does not support true with this model. Supported values are: false.", name)
    else:
        message = f"Unsupported parameter: '{name}' is not supported with this model."
    return bad_request(message, name, "unsupported_parameter")


def _refuse_format(kind: str) -> ServiceError:
    message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
    if kind == "json_schema":
        guide = "https://platform.openai.com/docs/guides/structured-outputs"
        message += f" Learn more about supported models at the Structured Outputs guide: {guide}"
    return bad_request(message)


def _check_roles(rule: Mapping[str, str] | None, messages: Any) -> None:
    """The roles that open a chat differ from model to model; all others are the same for all."""
    allowed = rule["allowed_values"].split("|") if rule else ["system", "developer"]
    for i, message in enumerate(messages if isinstance(messages, list) else []):
        role = message.get("role") if isinstance(message, dict) else None
        if role in ("system", "developer") and role not in allowed:
            where = f"messages[{i}].role"
            raise _unsupported_value(f"'{where}' does not support '{role}' with this model.", where)


def _check_bounds(name: str, value: float, rule: Mapping[str, str]) -> None:
    """Bounds that hold for some models only, or that the service words in its own way."""
    least, most = (float(rule[bound]) if rule[bound] else None for bound in ("minimum", "maximum"))
    if least is not None and least == most and value != least:
        message = (
            f"'{name}' does not support {value:g} with this model. Only the default ({least:g}) value is supported."
        )
        raise _unsupported_value(message, name)
    if least is not None and value < least and rule["error_code"] == "integer_below_min_value":
        raise integer_below(name, least, value)


def _check_format(kind: Any, rule: Mapping[str, str]) -> None:
    if kind in ("json_object", "json_schema") and kind not in rule["allowed_values"].split("|"):
        message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
        raise bad_request(message, "response_format")


def _check_breakpoints(api: str, deployment: Deployment, body: Mapping[str, Any]) -> None:
    """Breakpoints of the prompt cache lie in the parts of messages; models take them with prompt_cache_options."""
    rule = find_rule(api, deployment.versioned, "prompt_cache_options")
    if rule is None or rule["accepted"] == "yes":
        return
    field = "messages" if api == "chat" else "input"
    messages = body.get(field)
    for i, message in enumerate(messages if isinstance(messages, list) else []):
        content = message.get("content") if isinstance(message, dict) else None
        for j, part in enumerate(content if isinstance(content, list) else []):
            if isinstance(part, dict) and part.get("prompt_cache_breakpoint") is not None:
                name = f"{field}[{i}].content[{j}].prompt_cache_breakpoint"
                raise _refuse(api, name, part["prompt_cache_breakpoint"], rule)


def _check_allowed(api: str, deployment: Deployment, name: str, value: str, rule: Mapping[str, str]) -> None:
    values = rule["allowed_values"].split("|")
    if value not in values:
        refused = (
            f"'{value}' is not supported with the '{deployment.model}' model"
            if api == "responses"
            else f"'{name}' does not support '{value}' with this model"
        )
        raise _unsupported_value(f"{refused}. Supported values are: {list_values(values)}.", name)


def _unsupported_value(message: str, param: str) -> ServiceError:
    return bad_request(f"Unsupported value: {message}", param, "unsupported_value")
