"""What recorded requests would meet on another model: what it refuses, and what it does otherwise."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.course.apis import api_of_operation
from helpers.parameters import Refusal, find_rule, list_refusals, unfold_parameters
from helpers.recordings.exchange import model_of, operation_of

__all__ = ["Finding", "api_of", "body_of", "review_requests"]

_EFFORTS = {"chat": "reasoning_effort", "responses": "reasoning.effort"}
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
# Limits and efforts have words of their own, and the last one's note is of an effort that newer models lack.
_TOLD = {*_LIMITS, *_EFFORTS.values(), "parallel_tool_calls"}
_RENAMED = {
    ("chat", "max_tokens"): "max_completion_tokens"
}  # the same thing under another name, nothing else to change
_THINK_ANYWAY = ("gpt-chat-latest", "o1-mini", "o1-preview")  # by parameters.csv, though no effort can be set
_REFUSED = {400, 404, 422}  # statuses
_KINDS = ["unserved", "moved", "refused", "only", "needs", "unknown", "differs", "both"]
_Trouble = tuple[str, str, str, str, str]  # parameter, kind, what, instead, value


@dataclass(frozen=True)
class Finding:
    """One thing that changes, and the requests that it changes for.

    kind: "unserved" (the API does not take the model), "moved" (to another name), "refused", "only" (some values),
    "needs" (another parameter), "unknown" (to the table); "both": refused by the table before and after, where the
    recorded answer was a refusal; "differs": taken, and not as before. what: what the new model does; instead: what to
    write, "" where nothing need be. values: what was asked and is not taken. files: the recordings, by name.
    """

    api: str
    parameter: str
    kind: str
    what: str
    instead: str
    values: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def is_refusal(self) -> bool:
        return self.kind != "differs"

    @property
    def renamed_to(self) -> str:
        """The name under which the new model takes the same value, "" where no other name is all that changes."""
        return _RENAMED.get((self.api, self.parameter), "") if self.kind == "moved" else ""


def review_requests(records: Iterable[tuple[str, Mapping[str, Any]]], new: str) -> list[Finding]:
    """What changes when these requests ask `new` instead: refusals first, those of most requests first of all.

    records: (file name, record), as `helpers.course.upkeep.read_records` gives them. Requests of no API that
    parameters.csv knows, or to which it has no rules for `new`, are passed over: nothing found is no promise.
    """
    found: dict[tuple[str, str, str, str, str], tuple[dict[str, None], dict[str, None]]] = {}
    for name, record in records:
        request = record["request"]
        if api := api_of(request):
            troubles = _review_one(api, model_of(request), new, body_of(request), _was_refused(record))
            for parameter, kind, what, instead, value in troubles:
                values, files = found.setdefault((api, parameter, kind, what, instead), ({}, {}))
                files[name] = None
                values |= {value: None} if value else {}
    findings = [
        Finding(api, parameter, kind, what, instead, tuple(values), tuple(files))
        for (api, parameter, kind, what, instead), (values, files) in found.items()
    ]
    return sorted(findings, key=lambda one: (_KINDS.index(one.kind), -len(one.files), one.parameter))


def api_of(request: Mapping[str, Any]) -> str:
    """The word of parameters.csv for a recorded request, "" where it asks no model through an API that stands there."""
    return api_of_operation(operation_of(request)) if model_of(request) else ""


def body_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a recorded request but for its model; those of a form as JSON would have them: 0, not "0".

    Of a realtime session: all its settings, as it was told them in its course.
    """
    body = request.get("json")
    if "sent" in request:
        body = {}
        for event in request["sent"]:
            settings = event.get("session")
            body |= settings if isinstance(settings, dict) else {}
    if isinstance(form := request.get("form"), dict):
        body = {name.removesuffix("[]"): _read_field(value) for name, value in form.items()}
    return {name: value for name, value in body.items() if name != "model"} if isinstance(body, dict) else {}


def _read_field(value: Any) -> Any:
    if isinstance(value, list):
        return [_read_field(one) for one in value]
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", value):
        return float(value) if "." in value else int(value)
    return {"true": True, "false": False}.get(value, value)


def _was_refused(record: Mapping[str, Any]) -> bool:
    return bool(record["answers"]) and record["answers"][-1]["status"] in _REFUSED


def _review_one(api: str, old: str, new: str, body: Mapping[str, Any], was_refused: bool) -> Iterator[_Trouble]:
    before = {(one.parameter, one.kind) for one in list_refusals(old, api, body)} if was_refused else set()
    refused = set()
    for one in list_refusals(new, api, body):
        refused.add(one.parameter)
        kind, what = _word_refusal(api, new, one)
        kind = "both" if (one.parameter, one.kind) in before else kind
        yield one.parameter, kind, what, one.instead, one.value
    member = find_rule(api, new, "model")
    if member and member["accepted"] == "yes":
        yield from _list_differences(api, old, new, body, refused)


def _word_refusal(api: str, new: str, refusal: Refusal) -> tuple[str, str]:
    """(kind, what the new model does)"""
    rule = find_rule(api, new, refusal.parameter)
    target = _RENAMED.get((api, refusal.parameter), "")
    if refusal.kind == "refused" and target and (moved := find_rule(api, new, target)) and moved["accepted"] == "yes":
        return "moved", f"refused under this name: it is {target} now"
    if rule and refusal.kind == "value":
        return "only", f"takes only {rule['allowed_values'].replace('|', ', ')}"
    if rule and refusal.kind == "bound" and rule["minimum"] == rule["maximum"]:
        return "only", f"takes only {rule['minimum']}"
    if rule and refusal.kind == "needs":
        return "needs", f"refused unless {_say_needed(rule)}"
    kind = "only" if refusal.kind == "bound" else refusal.kind
    return kind, "refused" if kind == "refused" else refusal.problem.removeprefix(f"{new} ").partition(", not ")[0]


def _list_differences(api: str, old: str, new: str, body: Mapping[str, Any], refused: set[str]) -> Iterator[_Trouble]:
    """What is taken and means something else: the effort that nobody set, limits, and what the table's notes say."""
    asked = dict(unfold_parameters(body))
    effort, was = (find_rule(api, model, _EFFORTS.get(api, "")) or {} for model in (new, old))
    thinks, thought = (rule.get("accepted") == "yes" for rule in (effort, was))
    name, default = _EFFORTS.get(api, ""), effort.get("default_value", "")
    if thinks and name not in asked and not (thought and default and default == was["default_value"]):
        yield name, "differs", *_word_effort(api, effort), ""
    thinks_anyway, thought_anyway = (model.startswith(_THINK_ANYWAY) for model in (new, old))
    if thinks_anyway and not thought_anyway and name:
        what = "it thinks first, and no effort can be set: hidden tokens are billed as output"
        yield name, "differs", what, "", ""
    thinks_first, thought_first = (
        anyway or (rule.get("accepted") == "yes" and asked.get(name, rule["default_value"]) != "none")
        for rule, anyway in ((effort, thinks_anyway), (was, thought_anyway))
    )
    for limit in _LIMITS:
        if limit in asked and thinks_first and not thought_first:
            what = "counts the hidden tokens too: where it is small, the answer is cut or empty"
            yield limit, "differs", what, _word_room(bool(thinks)), f"{asked[limit]}"
    if api == "embeddings":
        what = f"vectors of {old} and of {new} do not mix"
        yield "input", "differs", what, "embed every text of a collection anew", ""
    for one, value in unfold_parameters(body):
        is_plain = one == "messages.role" and value in ("user", "assistant", "tool", "function")
        before, after = (find_rule(api, model, one) or {"note": ""} for model in (old, new))
        if is_plain or one in refused | _TOLD:
            continue
        if value and after.get("needs") and after["needs"] != before.get("needs"):
            note = f"; {after['note']}" if after["note"] else ""
            yield (
                one,
                "differs",
                f"taken because {_say_needed(after)}{note}",
                f"{after['needs'].partition('=')[0]} as it stands",
                "",
            )
        elif after["note"] and after["note"] != before["note"]:
            yield one, "differs", after["note"], "", ""


def _say_needed(rule: Mapping[str, str]) -> str:
    """reasoning_effort=none, as a sentence has it."""
    name, _, value = rule["needs"].partition("=")
    return f"{name} is {value}"


def _word_room(has_effort: bool) -> str:
    return "leave 25,000 to begin with" + (", or set a low effort" if has_effort else "")


def _word_effort(api: str, rule: Mapping[str, str]) -> tuple[str, str]:
    """(what becomes of a request that does not set the effort, what to write)"""
    default, (lowest, *higher) = rule["default_value"], (rule["allowed_values"] or "low").split("|")
    named = f'reasoning_effort="{lowest}"' if api == "chat" else f'reasoning={{"effort": "{lowest}"}}'
    note = f" ({rule['note']})" if "inferred" in rule["note"] else ""
    if default == "none":
        return f"not set, so it is none: no hidden tokens{note}", f"{named}, for defaults differ from model to model"
    what = f"not set, so it is {default}: it thinks first" if default else "not set, no source names its default"
    more = ", or more where the task needs it" if higher else ""
    return f"{what}; hidden tokens are billed as output{note}", named + more
