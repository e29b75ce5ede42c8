"""Exercises of notebook 05."""

import datetime
from collections.abc import Callable, Mapping
from numbers import Real
from types import SimpleNamespace
from typing import Any

from helpers.checks import Wrong, exercise
from helpers.exercises.sending import read_request, send_chat
from helpers.images import read_picture
from helpers.picture_tokens import shown_picture_tokens

__all__: list[str] = []

_LIKE = '{"model": "gpt-4o", "messages": look(question, view)}'
_READABLE = 6.5  # pixels of font size: a smaller font is blurred
_NUMBER = "40318"  # printed on the label


@exercise("05.request")
def _check_request(answer: Any, client: Any, question: str, views: Mapping[str, str], print_px: float) -> str:
    """views: name -> data URL of the whole label, and of its lower edge. Truth: the fewest tokens by the table's rules
    among the views in which the print, of font size print_px, keeps its size; then what came back."""
    request = read_request(answer, _LIKE)
    if request["model"] != "gpt-4o":
        raise Wrong("The request goes to gpt-4o: of the two in section 5, its low is the cheap one.")
    if others := set(request) - {"model", "messages"}:
        raise Wrong(f"model and messages are enough here. Leave out {', '.join(sorted(others))}.")
    text, picture = _read_message(request["messages"])
    if text != question:
        raise Wrong("Ask the question as it stands in `question`.")
    name = next((name for name, url in views.items() if url == picture.get("url")), None)
    if name is None:
        raise Wrong("The picture's url is one of the two in `views`.")
    detail = picture.get("detail", "auto")
    if detail not in ("low", "high", "auto"):
        raise Wrong('detail is "low", "high" or "auto", and gpt-4o knows no other.')
    counted = {
        (one, each): shown_picture_tokens("gpt-4o", *read_picture(url).size, each)
        for one, url in views.items()
        for each in ("low", "high")
    }
    said = send_chat(client, request)
    tokens = counted[name, "low" if detail == "low" else "high"]
    longest = max(read_picture(views[name]).size)
    if detail == "low" and print_px * min(1, 512 / longest) < _READABLE:
        raise Wrong(
            f"{tokens} tokens, but low shrinks this picture to 512 pixels, and a font of {print_px} pixels to "
            f"{print_px * 512 / longest:.0f}, too small to read."
        )
    if tokens > min(counted.values()):
        instead = "a smaller piece of the label" if name == max(views, key=_area_in(views)) else "less detail"
        raise Wrong(f"The picture counts for {tokens} tokens. Fewer keep the print as large: {instead}.")
    read = _NUMBER in str(said.choices[0].message.content).replace(" ", "")
    outcome = "the answer has the number" if read else "the answer has not the number, though the print is large enough"
    return f"The picture counts for {tokens} tokens, the whole request for {said.usage.prompt_tokens}; {outcome}."


def _read_message(messages: Any) -> tuple[str, Mapping[str, Any]]:
    """The text and the picture of the one message that there is."""
    if not (isinstance(messages, list) and len(messages) == 1 and isinstance(messages[0], Mapping)):
        raise Wrong("messages is a list of one message, as look() gives it.")
    parts = messages[0].get("content")
    if not (isinstance(parts, list) and all(isinstance(part, Mapping) for part in parts)):
        raise Wrong("content is a list of parts: a text and a picture.")
    texts = [part.get("text") for part in parts if part.get("type") == "text"]
    pictures = [part.get("image_url") for part in parts if part.get("type") == "image_url"]
    if len(texts) != 1 or len(pictures) != 1 or not isinstance(pictures[0], Mapping):
        raise Wrong(
            'One part of type "text" and one of type "image_url", whose image_url is {"url": ..., "detail": ...}.'
        )
    return str(texts[0]), pictures[0]


def _area_in(views: Mapping[str, str]) -> Callable[[str], int]:
    def area(name: str) -> int:
        width, height = read_picture(views[name]).size
        return width * height

    return area


@exercise("05.side")
def _check_side(answer: Any, model: str, width: int, height: int, budget: int) -> str:
    """Truth: the table's rule at this side, and at one pixel more."""
    if isinstance(answer, bool) or not isinstance(answer, Real):
        raise Wrong("A number of pixels was expected.")
    side = round(float(answer))
    if side != answer or side < 1:
        raise Wrong("A whole number of pixels was expected.")

    def count(side: int) -> int:
        scale = side / max(width, height)
        return shown_picture_tokens(model, round(width * scale), round(height * scale), "high")

    if side >= max(width, height):
        raise Wrong(f"The photo has only {max(width, height):,} pixels, and counts for {count(max(width, height)):,}.")
    if (tokens := count(side)) > budget:
        raise Wrong(f"At {side:,} pixels it counts for {tokens:,} tokens, which is more than {budget:,}.")
    if (more := count(side + 1)) <= budget:
        raise Wrong(f"At {side:,} pixels it counts for {tokens:,} tokens; one pixel more would fit too ({more:,}).")
    return f"At {side:,} pixels it counts for {tokens:,} tokens, and for {count(side + 1):,} at one more."


def _receipt(total: float, date: str = "2026-11-04", **lines: float) -> Any:
    items = [SimpleNamespace(name=name, euros=euros) for name, euros in lines.items()]
    return SimpleNamespace(shop="A", date=date, lines=items, total=total, paid_by=None)


_FINE = {
    "a right receipt": _receipt(5.75, Bread=4.5, Roll=1.25),
    "a receipt with a discount": _receipt(21.25, Hammer=18.5, Nails=4.75, Discount=-2.0),
    "0.1 + 0.2 = 0.3, which is right to the cent": _receipt(0.3, Bag=0.1, Clip=0.2),
    "a receipt of this very day": _receipt(5.75, "2026-11-20", Bread=4.5, Roll=1.25),
}
_FLAWED = {
    "a total that is not the sum of the lines": _receipt(57.5, Bread=4.5, Roll=1.25),
    "a total that is a cent too low": _receipt(5.74, Bread=4.5, Roll=1.25),
    "a date after today": _receipt(5.75, "2026-11-21", Bread=4.5, Roll=1.25),
    "a date that does not exist, 2026-13-40": _receipt(5.75, "2026-13-40", Bread=4.5, Roll=1.25),
    "a date that is not of the form YYYY-MM-DD, 2026-1-4": _receipt(5.75, "2026-1-4", Bread=4.5, Roll=1.25),
    "a date in words, 4 Nov 2026": _receipt(5.75, "4 Nov 2026", Bread=4.5, Roll=1.25),
}


@exercise("05.reasons")
def _check_reasons(answer: Any) -> str:
    """Truth: receipts that are fine, and receipts with one flaw each."""
    if not callable(answer):
        raise Wrong("A function of a receipt and today's date was expected, and the function itself: no brackets.")
    today = datetime.date(2026, 11, 20)

    def reasons_for(receipt: Any, what: str) -> list[Any]:
        try:
            given = answer(receipt, today)
        except Exception as error:
            raise Wrong(f"It fails on {what}: {type(error).__name__}: {error}") from None
        if not isinstance(given, list):
            raise Wrong("It should return a list of texts; an empty one where nothing is wrong.")
        return given

    for what, receipt in _FINE.items():
        if given := reasons_for(receipt, what):
            raise Wrong(f"It sends {what}, to a person: {given[0]}")
    for what, receipt in _FLAWED.items():
        if not reasons_for(receipt, what):
            raise Wrong(f"It lets through {what}.")
    return "Receipts that add up and are of today or before go through; the others wait for a person."
