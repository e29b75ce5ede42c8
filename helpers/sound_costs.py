"""What an hour of sound costs on Azure: spoken by a model, or written down by one."""

from datetime import date
from typing import NamedTuple

from helpers.costs import Price, list_price, request_cost
from helpers.errors import CourseError, UnknownPrice
from helpers.tables import read_rows

__all__ = ["HourPrice", "price_per_hour", "sound_tokens_per_second"]


class HourPrice(NamedTuple):
    """US dollars for an hour of sound. billed_by: minutes, tokens or characters. A list of them makes a DataFrame."""

    model: str
    usd: float
    billed_by: str
    source: str
    as_of: str

    def __str__(self) -> str:
        return f"{self.usd:.2f} US dollars per hour of sound ({self.model}, billed by {self.billed_by}; {self.as_of})"


def price_per_hour(
    model: str,
    *,
    characters_per_minute: float = 900,
    text_tokens_per_minute: float = 200,
    as_of: date | str | None = None,
) -> HourPrice:
    """What an hour costs that a model speaks, or writes down, at Azure's list price.

    The defaults are an assumption: 150 words a minute, a word of six characters with its space, four tokens for three
    words. Measure your own: `len(text) / duration(sound) * 60`. Raises UnknownPrice where no price fits, CourseError
    for a model that does neither.
    """
    category = next((row["category"] for row in read_rows("models") if row["model"] == model), "")
    if category == "text to speech":
        return _speaking(model, characters_per_minute, as_of)
    if category == "speech to text":
        return _hearing(model, text_tokens_per_minute, as_of)
    known = sorted({row["model"] for row in read_rows("models") if row["category"] in _CATEGORIES})
    raise CourseError(f"{model} neither speaks nor writes down what it hears", next=f"one of {', '.join(known)}")


def sound_tokens_per_second(model: str, direction: str = "input") -> float:
    """Tokens that a second of sound counts, from data/tables/media_tokens.csv. direction: input or output.

    Of a family, the figure of its first model. Raises CourseError where none is known.
    """
    rows = [row for row in read_rows("media_tokens") if row["direction"] == direction and _is_kin(model, row["model"])]
    if not rows:
        raise CourseError(f"how many tokens a second of {model}'s {direction} counts is in no table")
    return float(max(rows, key=lambda row: len(row["model"]))["value"])


_CATEGORIES = ("text to speech", "speech to text")


def _speaking(model: str, characters_per_minute: float, as_of: date | str | None) -> HourPrice:
    if found := _find(model, "audio_output", "usd_per_minute", as_of):
        return _tell(found, found.usd * 60, "minutes")
    price = list_price(model, "input", unit="usd_per_1m_characters", as_of=as_of)
    return _tell(price, request_cost({"characters": round(characters_per_minute * 60)}, model, as_of), "characters")


def _hearing(model: str, text_tokens_per_minute: float, as_of: date | str | None) -> HourPrice:
    if found := _find(model, "audio_input", "usd_per_minute", as_of):
        return _tell(found, request_cost({"seconds": 3600}, model, as_of), "minutes")
    heard = round(sound_tokens_per_second(model) * 3600)
    usage = {
        "input_tokens": heard,
        "input_token_details": {"audio_tokens": heard},
        "output_tokens": round(text_tokens_per_minute * 60),
    }
    return _tell(list_price(model, "audio_input", as_of=as_of), request_cost(usage, model, as_of), "tokens")


def _find(model: str, item: str, unit: str, as_of: date | str | None) -> Price | None:
    try:
        return list_price(model, item, unit=unit, as_of=as_of)
    except UnknownPrice:
        return None


def _tell(price: Price, usd: float, billed_by: str) -> HourPrice:
    return HourPrice(price.model, usd, billed_by, price.source, price.as_of)


def _is_kin(model: str, known: str) -> bool:
    return model == known or model.startswith(f"{known}-")
