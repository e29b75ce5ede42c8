"""Exercises of notebook 03."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from helpers.checks import Wrong, exercise

__all__: list[str] = []

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


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
    if takes(day="monday", time=11, name="Ann") or takes(day="monday", time="11:00", name=5):
        raise Wrong("time is a text, and name a text or null: str, and str | None.")
    return "Every key is required, the day is one of seven, and a missing name is null."


@exercise("03.told")
def _check_told(answer: Callable[[Any], Any], days_to_make: Mapping[str, int]) -> str:
    """Truth: the number for what is known; a text that begins with error, and names the product, for what is not."""
    if not callable(answer):
        raise Wrong("A function of one product was expected: get_days(product).")
    for product, days in days_to_make.items():
        try:
            told = answer(product)
        except Exception as error:
            raise Wrong(f"get_days({product!r}) fails, though it is known: {type(error).__name__}.") from None
        if not isinstance(told, str):
            raise Wrong(f"get_days({product!r}) gives {type(told).__name__}; a tool message is a text.")
        if re.findall(r"\d+", told) != [str(days)] or told.startswith("error"):
            raise Wrong(f"get_days({product!r}) should give the number {days}.")
    strangers: tuple[Any, ...] = ("yacht", "sto", "", None, ["stool"])
    for asked in strangers:
        try:
            told = answer(asked)
        except Exception as error:
            raise Wrong(f"get_days({asked!r}) raises {type(error).__name__}. Return the error as a text.") from None
        if not isinstance(told, str):
            raise Wrong(f"get_days({asked!r}) gives {told!r}. The model can only read a text.")
        if not told.startswith("error"):
            raise Wrong(f"get_days({asked!r}) does not begin with `error`: the model may take it for a result.")
        if str(asked) not in told:
            raise Wrong("The error should name what was asked for, or the model cannot correct it.")
    return "The model can read what went wrong, and the program goes on."
