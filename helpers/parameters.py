"""Which parameters a model takes, from data/tables/parameters.csv. It warns before a request is sent, never blocks."""

import difflib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from helpers.tables import TABLES, read_rows

__all__ = [
    "IDLE_IF_FALSE",
    "Refusal",
    "check_parameters",
    "describe_rule",
    "find_rule",
    "is_idle",
    "list_refusals",
    "unfold_parameters",
]

IDLE_IF_FALSE = {"stream", "logprobs"}  # False asks for nothing; a model that refuses the others refuses False too

_HOLDERS = {"reasoning", "text", "audio", "audio.input", "audio.output"}  # parameters of which the inside has rules
_OF_THE_SDK = {"extra_headers", "extra_query", "extra_body", "timeout"}  # these never reach the service as they are


class Refusal(NamedTuple):
    """One thing that the service would refuse. Print it for the warning.

    parameter: its name, or the API's where the model is not served there. kind: "unserved", "unknown" (to the table),
    "refused", "needs" (another parameter), "value" or "bound". value: what was asked and is not taken, "" where any
    would be refused. instead: what to do, in words.
    """

    parameter: str
    kind: str
    problem: str
    value: str
    instead: str

    def __str__(self) -> str:
        return f"{self.parameter}: {self.problem}" + (f"; {self.instead}" if self.instead else "")


def check_parameters(model: str, api: str | None = None, **parameters: Any) -> list[str]:
    """Warnings about parameters that the service would refuse, or take without effect, each with what to do instead.

    Empty where all is well.

    api: a word of parameters.csv (chat, responses, images...); left out, the one that knows most of `parameters`.
    No warning is no promise: the service has the last word, and a model the table does not know is not checked.
    """
    parameters = {name: value for name, value in parameters.items() if name not in _OF_THE_SDK}
    api = api or _guess_api(model, parameters)
    if api is None or find_rule(api, model, "model") is None:
        return [f"{model}: parameters.csv has no rules for this model, so nothing was checked"]
    given = [name for name, value in unfold_parameters(parameters) if value]
    idle = [(name, rule) for name in given if (rule := find_rule(api, model, name)) and is_idle(rule)]
    warnings = [f"{name}: {model} takes it, and it has no effect; {rule['instead']}" for name, rule in idle]
    return [*map(str, list_refusals(model, api, parameters)), *warnings]


def list_refusals(model: str, api: str, parameters: Mapping[str, Any]) -> list[Refusal]:
    """What `check_parameters` warns of, one by one; also empty where the table has no rules for the model.

    parameters: the body of a request without its model.
    """
    member = find_rule(api, model, "model")
    if member is None:
        return []
    if member["accepted"] == "no":
        return [_refuse(api, "unserved", f"{model} is not served there", "", member)]
    refusals = (_check_value(api, model, name, value, parameters) for name, value in unfold_parameters(parameters))
    return list(dict.fromkeys(filter(None, refusals)))


def find_rule(api: str, model: str, parameter: str, folder: Path = TABLES) -> dict[str, str] | None:
    """The row of parameters.csv that decides: of the patterns that fit, the one with most letters of its own."""
    rows = [
        row
        for row in read_rows("parameters", folder)
        if row["api"] == api and row["parameter"] == parameter and fnmatchcase(model, row["model"])
    ]
    return max(rows, key=lambda row: len(row["model"].replace("*", "")), default=None)


def is_idle(rule: Mapping[str, str]) -> bool:
    """Whether the service takes a parameter and does nothing with it."""
    return rule["note"].startswith("no effect: ")


def describe_rule(api: str, model: str, parameter: str) -> str:
    """Whether a model takes a parameter, in a table's words: "yes, default medium", "only 1", "no", "not known"."""
    rule = find_rule(api, model, parameter)
    if rule is None:
        return "not known"
    if rule["minimum"] and rule["minimum"] == rule["maximum"]:
        return f"only {rule['minimum']}"
    default = f", default {rule['default_value']}" if rule["default_value"] else ""
    return rule["accepted"] + default + (", without effect" if is_idle(rule) else "")


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


def unfold_parameters(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name and value of each parameter, and of what lies in it: audio.output.speed; roles and parts of `messages`."""
    for name, value in parameters.items():
        if value is None or type(value).__name__ in ("NotGiven", "Omit"):
            continue  # the SDK leaves these out
        yield name, value
        if name in _HOLDERS and isinstance(value, Mapping):
            yield from unfold_parameters({f"{name}.{inner}": one for inner, one in value.items()})
        for message in value if name == "messages" and isinstance(value, list) else []:
            if isinstance(message, Mapping):
                yield "messages.role", message.get("role")
                parts = message.get("content")
                for part in parts if isinstance(parts, list) else []:
                    yield "messages.part", part.get("type") if isinstance(part, Mapping) else part


def _check_value(api: str, model: str, name: str, value: Any, asked: Mapping[str, Any]) -> Refusal | None:
    rule = find_rule(api, model, name)
    if rule is None and "." in name:
        return None  # the inside of a parameter that has its own warning
    if rule is None:
        known = {row["parameter"] for row in read_rows("parameters") if row["api"] == api}
        taken = {one for one in known if (rule := find_rule(api, model, one)) and rule["accepted"] == "yes"} - {"model"}
        near = difflib.get_close_matches(name, taken, n=1)
        instead = f"did you mean {near[0]}?" if near else "the service may answer 400"
        return Refusal(name, "unknown", f"not known for {api} on {model}", "", instead)
    if rule["accepted"] == "no":
        is_idle = value is False and name in IDLE_IF_FALSE
        return None if is_idle else _refuse(name, "refused", f"{model} does not take it", "", rule)
    needed, _, wanted = rule["needs"].partition("=")
    if needed and value and str(asked.get(needed)) != wanted:
        return _refuse(name, "needs", f"{model} takes it only with {rule['needs']}", "", rule)
    if rule["allowed_values"] and (odd := _find_odd(value, rule["allowed_values"].split("|"))):
        allowed = rule["allowed_values"].replace("|", ", ")
        return _refuse(name, "value", f"{model} does not take {odd!r}, only {allowed}", odd, rule)
    size = _measure(value, rule["measure"])
    for bound, is_off, words in (
        (rule["minimum"], lambda limit: size < limit, "at least"),
        (rule["maximum"], lambda limit: size > limit, "at most"),
    ):
        if bound and size is not None and is_off(float(bound)):
            unit = "" if rule["measure"] == "value" else f" {rule['measure']}"
            problem = f"{model} takes {words} {float(bound):,g}{unit}, not {size:,g}"
            return _refuse(name, "bound", problem, f"{size:g}", rule)
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


def _refuse(name: str, kind: str, problem: str, value: str, rule: Mapping[str, str]) -> Refusal:
    return Refusal(name, kind, problem, value, rule["instead"])
