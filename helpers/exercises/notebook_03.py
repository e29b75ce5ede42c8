"""Exercises of notebook 03."""

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
            answer.model_validate(sample, strict=True)
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
    if set(answer.model_json_schema().get("required", [])) != fields:
        raise Wrong("A field with a default is not required, and strict mode wants all of them: drop the `= ...`.")
    return "Every key is required, the day is one of seven, and a missing name is null."


@exercise("03.invented")
def _check_invented(answer: Callable[[Mapping[str, Any], Mapping[str, Any]], int]) -> str:
    """Truth: values found where the truth is null, in samples that part it from all other mistakes."""
    if not callable(answer):
        raise Wrong("A function of two dictionaries was expected: count_invented(found, truth).")
    # one wrong, three missing, two invented (one of them a zero, which is a value), two right
    truth = {"a": "x", "b": 3, "c": None, "d": None, "e": None, "f": 2, "g": "p", "h": "q"}
    found = {"a": "y", "b": None, "c": "z", "d": 0, "e": None, "f": 2, "g": None, "h": None}
    given = answer(found, truth)
    if isinstance(given, list | tuple | set | dict):
        raise Wrong("Those are the values or their names. Give how many there are.")
    if given == 2 and answer(truth, truth) == 0:
        return "Two of eight in the sample; the zero is one of them, for 0 is a value and null is none."
    if given == 6:
        raise Wrong("That counts everything that is off. Invented is only what the truth leaves empty.")
    if given == 3:
        raise Wrong("That is what is missing: the truth has it and the row has not. Turn it round.")
    if given == 1:
        raise Wrong("A zero is a value too: compare with None, do not ask whether it is true.")
    raise Wrong("Count the keys where truth[key] is None and found[key] is not None.")


@exercise("03.told")
def _check_told(answer: Callable[[Any], Any], days_to_make: Mapping[str, int]) -> str:
    """Truth: the number for what is known; a text that begins with error, and names the product, for what is not."""
    if not callable(answer):
        raise Wrong("A function of one product was expected: get_days(product).")
    for product, days in days_to_make.items():
        told = answer(product)
        if not isinstance(told, str):
            raise Wrong(f"get_days({product!r}) gives {type(told).__name__}; a tool message is a text.")
        if str(days) not in told or told.startswith("error"):
            raise Wrong(f"get_days({product!r}) should tell the number {days}.")
    for product in ("yacht", "sto", ""):
        try:
            told = answer(product)
        except Exception as error:
            raise Wrong(f"get_days({product!r}) raises {type(error).__name__}. Return the error as a text.") from None
        if not isinstance(told, str):
            raise Wrong(f"get_days({product!r}) gives {told!r}. The model can only read a text.")
        if not told.startswith("error"):
            raise Wrong(f"get_days({product!r}) does not begin with `error`: the model may take it for a result.")
        if product not in told:
            raise Wrong("The error should name what was asked for, or the model cannot mend it.")
    return "The model can read what went wrong, and the program goes on."
