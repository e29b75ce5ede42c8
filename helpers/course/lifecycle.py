"""How long a model lives, in words: who can deploy it, and until when it answers."""

from collections.abc import Mapping
from datetime import date

__all__ = ["SOON", "describe_life", "say_why"]

SOON = 180  # days: time to move a notebook, to record it, and to read it once more


def say_why(row: Mapping[str, str], day: date | None = None) -> str:
    """Why a new customer cannot deploy what this row of models.csv describes, "" where nothing is against it.

    day: the day to judge by; None, the day of the table.
    """
    if not row:
        return "data/tables/models.csv does not know it"
    retires = row["retirement_date"]
    if row["answers_today"] == "no" or (day and retires and date.fromisoformat(retires) <= day):
        return f"retired on {retires}" if retires else "retired"
    if row["deployable_by_new_customers"] == "no":
        return f"deprecated: it answers only those who have it, until {retires}"
    return "" if row["deployable_by_new_customers"] else "no source says that a new customer can deploy it"


def describe_life(row: Mapping[str, str], day: date | None = None) -> str:
    """Whether a new customer can deploy it, and when it retires; day: with how many days are left from then on."""
    why = say_why(row, day)
    if not row:
        return why
    retires = row["retirement_date"]
    days = (date.fromisoformat(retires) - day).days if retires and day else 0
    if retires and retires in why:
        return f"{why} (in {days} days)" if days > 0 else why
    ends = f"retires on {retires}" if retires else "no source says when it retires"
    return f"{why or 'a new customer can deploy it'}; {ends}" + (f", in {days} days" if days > 0 else "")
