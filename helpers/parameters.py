"""Which parameters a model takes, from data/tables/parameters.csv. It warns before a request is sent, never blocks."""

import difflib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from helpers.tables import TABLES, read_rows

__all__ = ["check_parameters", "find_rule"]

_HOLDERS = {"reasoning", "text", "audio", "audio.input", "audio.output"}  # parameters of which the inside has rules
_OF_THE_SDK = {"extra_headers", "extra_query", "extra_body", "timeout"}  # these never reach the service as they are


def check_parameters(model: str, api: str | None = None, **parameters: Any) -> list[str]:
    """Warnings about parameters that the service would refuse, each with what to do instead; empty where all is well.

    api: a word of parameters.csv (chat, responses, images...); left out, the one that knows most of `parameters`.
    No warning is no promise: the service has the last word, and a model the table does not know is not checked.
    """
    parameters = {name: value for name, value in parameters.items() if name not in _OF_THE_SDK}
    api = api or _guess_api(model, parameters)
    if api is None or (member := find_rule(api, model, "model")) is None:
        return [f"{model}: parameters.csv has no rules for this model, so nothing was checked"]
    if member["accepted"] == "no":
        return [_warn(api, model, "is not served there", member)]
    warnings = (_check_value(api, model, name, value, parameters) for name, value in _unfold(parameters))
    return list(dict.fromkeys(filter(None, warnings)))


def find_rule(api: str, model: str, parameter: str, folder: Path = TABLES) -> dict[str, str] | None:
    """The row of parameters.csv that decides: of the patterns that fit, the one with most letters of its own."""
    rows = [
        row
        for row in read_rows("parameters", folder)
        if row["api"] == api and row["parameter"] == parameter and fnmatchcase(model, row["model"])
    ]
    return max(rows, key=lambda row: len(row["model"].replace("*", "")), default=None)


def _guess_api(model: str, parameters: Mapping[str, Any]) -> str | None:
    """The API that knows most of the parameters; of equals, one that takes them and serves the model."""

    members = {api: rule for api in _list_apis() if (rule := find_rule(api, model, "model"))}

    def rank(api: str) -> tuple[int, int, bool]:
        rules = [rule for name in parameters if (rule := find_rule(api, model, name))]
        taken = sum(rule["accepted"] == "yes" for rule in rules)
        return len(rules), taken, members[api]["accepted"] == "yes"

    return max(members, key=rank, default=None)


def _list_apis() -> list[str]:
    return list(dict.fromkeys(row["api"] for row in read_rows("parameters")))


def _unfold(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name and value of each parameter, and of what lies in it: audio.output.speed; roles and parts of `messages`."""
    for name, value in parameters.items():
        if value is None or type(value).__name__ in ("NotGiven", "Omit"):
            continue  # the SDK leaves these out
        yield name, value
        if name in _HOLDERS and isinstance(value, Mapping):
            yield from _unfold({f"{name}.{inner}": one for inner, one in value.items()})
        for message in value if name == "messages" and isinstance(value, list) else []:
            if isinstance(message, Mapping):
                yield "messages.role", message.get("role")
                parts = message.get("content")
                for part in parts if isinstance(parts, list) else []:
                    yield "messages.part", part.get("type") if isinstance(part, Mapping) else part


def _check_value(api: str, model: str, name: str, value: Any, asked: Mapping[str, Any]) -> str | None:
    rule = find_rule(api, model, name)
    if rule is None and "." in name:
        return None  # the inside of a parameter that has its own warning
    if rule is None:
        known = {row["parameter"] for row in read_rows("parameters") if row["api"] == api}
        near = difflib.get_close_matches(name, known, n=1)
        instead = f"did you mean {near[0]}?" if near else "the service may answer 400"
        return f"{name}: not known for {api} on {model}; {instead}"
    if rule["accepted"] == "no":
        # `stream=False` and the like ask for nothing, and nothing is refused.
        return None if value is False else _warn(name, model, "does not take it", rule)
    needed, _, wanted = rule["needs"].partition("=")
    if needed and value and str(asked.get(needed)) != wanted:
        return _warn(name, model, f"takes it only with {rule['needs']}", rule)
    if rule["allowed_values"] and (odd := _find_odd(value, rule["allowed_values"].split("|"))):
        allowed = rule["allowed_values"].replace("|", ", ")
        return _warn(name, model, f"does not take {odd!r}, only {allowed}", rule)
    size = _measure(value, rule["measure"])
    for bound, is_off, words in (
        (rule["minimum"], lambda limit: size < limit, "at least"),
        (rule["maximum"], lambda limit: size > limit, "at most"),
    ):
        if bound and size is not None and is_off(float(bound)):
            unit = "" if rule["measure"] == "value" else f" {rule['measure']}"
            return _warn(name, model, f"takes {words} {float(bound):,g}{unit}, not {size:,g}", rule)
    return None


def _find_odd(value: Any, allowed: list[str]) -> str | None:
    """The first word that is not allowed. A dict such as response_format names itself in "type"."""
    values = value if isinstance(value, list | tuple) else [value]
    words = [item.get("type") if isinstance(item, Mapping) else item for item in values]
    return next((word for word in words if isinstance(word, str) and word not in allowed), None)


def _measure(value: Any, measure: str) -> float | None:
    kinds: dict[str, Any] = {"items": list | tuple, "characters": str, "bytes": bytes}
    if measure == "value":
        return value if isinstance(value, int | float) else None
    return len(value) if measure and isinstance(value, kinds[measure]) else None


def _warn(name: str, model: str, problem: str, rule: Mapping[str, str]) -> str:
    return f"{name}: {model} {problem}" + (f"; {rule['instead']}" if rule["instead"] else "")
