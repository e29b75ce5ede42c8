"""Exercises of notebook 03."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from helpers.checks import Wrong, exercise
from helpers.exercises import sending

__all__: list[str] = []

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNRECORDED = "Nobody has recorded these settings. tool_choice is a word or {...}, parallel_tool_calls a bool."
_LEFT_OUT = ("pattern", "minLength", "maxLength", "format")  # of texts: section 4 lists them all


@exercise("03.visit")
def _check_visit(answer: Any) -> str:
    """Truth: samples that fit, and samples that do not; and what strict mode wants of the schema."""
    if not (isinstance(answer, type) and issubclass(answer, BaseModel)):
        raise Wrong("A class was expected: class Visit(BaseModel), and the class itself, not an object of it.")
    fields = {"day", "time", "name"}
    if set(answer.model_fields) != fields:
        raise Wrong("Exactly three fields: day, time, name.")

    def takes(**sample: Any) -> bool:
        try:
            answer.model_validate_json(json.dumps(sample), strict=True)
        except ValueError:  # pydantic's own is one
            return False
        return True

    if not takes(day="monday", time="11:00", name="Ann"):
        raise Wrong("It refuses a right visit: day 'monday', time '11:00', name 'Ann'. All three are texts.")
    if not all(takes(day=day, time="11:00", name="Ann") for day in _DAYS):
        raise Wrong("A day of the week is missing from the list.")
    if takes(day="someday", time="11:00", name="Ann") or takes(day="Monday", time="11:00", name="Ann"):
        raise Wrong("It takes 'someday' or 'Monday' for a day. Literal[...] lists what is allowed.")
    if not takes(day="monday", time="11:00", name=None):
        raise Wrong("A name may be null: str | None.")
    schema = answer.model_json_schema()
    if set(schema.get("required", [])) != fields:
        raise Wrong("Write it without a default: strict mode wants every key required, so drop the `= ...`.")
    if schema.get("additionalProperties"):
        raise Wrong("It allows other keys, and strict mode does not: drop extra='allow'.")
    day = schema["properties"]["day"]
    listed = schema["$defs"][day["$ref"].rpartition("/")[2]] if "$ref" in day else day
    if set(listed.get("enum", [])) != set(_DAYS):
        raise Wrong("The model sees the schema alone, and the seven days are not in it: use Literal[...].")
    if found := [word for word in _LEFT_OUT if f'"{word}":' in json.dumps(schema)]:
        raise Wrong(f"Microsoft's page leaves {found[0]!r} out of strict mode: put it into a description.")
    if takes(day="monday", time=11, name="Ann") or takes(day="monday", time="11:00", name=5):
        raise Wrong("time is a text, and name a text or null: str, and str | None.")
    return "Every key is required, the day is one of seven, and a missing name is null."


@exercise("03.forced")
def _check_forced(answer: Any, send: Callable[..., Sequence[Any]]) -> str:
    """send: sends the notebook's messages with these settings, and gives the answers. Truth: what came back, and that
    the settings leave nothing to the model."""
    if not isinstance(answer, Mapping):
        raise Wrong('A dictionary of settings was expected, such as {"tool_choice": "auto"}.')
    if others := set(answer) - {"tool_choice", "parallel_tool_calls"}:
        raise Wrong(f"Two names are enough. Leave out {', '.join(sorted(map(str, others)))}.")
    choice = answer.get("tool_choice")
    function = choice.get("function") if isinstance(choice, Mapping) else None
    named = function.get("name") if isinstance(function, Mapping) else None
    if named not in (None, "get_price"):
        raise Wrong(f"This names {named!r}; the call wanted is one of 'get_price'.")
    answers = sending.send(send, answer, unrecorded=_UNRECORDED, look="Section 13 shows the form of a named tool.")
    messages = [one.choices[0].message for one in answers]
    called = [[call.function.name for call in message.tool_calls or []] for message in messages]
    if choice == "none":
        raise Wrong('"none" forbids calls, and no call came back.')
    if not all(called):
        raise Wrong("An answer came back without a call: the model was free to make none.")
    if others := {name for names in called for name in names} - {"get_price"}:
        raise Wrong(f"Calls came back for {', '.join(sorted(others))}: the model was free to choose.")
    if max(map(len, called)) > 1:
        raise Wrong(f"One answer holds {max(map(len, called))} calls: allow one at a time.")
    if named is None:
        raise Wrong("It came out right, and only because the model chose so: nothing here names the tool.")
    if answer.get("parallel_tool_calls") is not False:
        raise Wrong("It came out right, and only because the model made one call: nothing here forbids a second.")
    return "One call in each answer, and of get_price, whatever was said."
