"""What requests cost on Azure, in US dollars, from data/tables/prices.csv. Works without pandas."""

import difflib
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from helpers.billed_counts import check_counts, count_billed
from helpers.errors import UnknownPrice
from helpers.tables import list_versions, read_rows

__all__ = ["Price", "expected_cost", "list_price", "request_cost"]

_MANY = {"usd_per_1m_tokens": 1_000_000, "usd_per_1m_characters": 1_000_000}
_PER = {
    "usd_per_1m_tokens": "1,000,000 tokens",
    "usd_per_1m_characters": "1,000,000 characters",
    "usd_per_minute": "minute",
    "usd_per_image": "image",
}

# What is billed where an item has no price of its own: pictures shown to a chat model count as text, and a cached
# token without a price costs the full one. Sound has no such fallback: it costs many times what text does.
_BILLED_AS = {
    "cached_input": "input",
    "cache_write": "input",
    "cached_audio_input": "audio_input",
    "cached_image_input": "image_input",
    "image_input": "input",
}


class Price(NamedTuple):
    """One list price: `usd` US dollars per what `unit` names. Print it to read both."""

    usd: float
    unit: str
    item: str
    model: str
    version: str
    platform: str
    source: str
    as_of: str

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.model, self.version, self.item)))
        return f"{self.usd:g} US dollars per {_PER[self.unit]} ({what}; {self.platform} list of {self.as_of})"


def list_price(
    model: str,
    item: str = "input",
    *,
    unit: str = "usd_per_1m_tokens",
    quality: str = "",
    size: str = "",
    platform: str = "azure",
    as_of: date | str | None = None,
) -> Price:
    """The list price of one item of a model, Azure's unless `platform` says "openai".

    model: "gpt-4o" is its newest version that has a price, "gpt-4o-2024-08-06" is that version. item, unit, and
    quality and size of one image: words of prices.csv. as_of: the newest price known on that day; left out, the newest.
    Raises UnknownPrice when no row fits.
    """
    rows = _rows_of_version(model, platform)
    asked = {"item": item, "unit": unit, "quality": quality, "size": size}
    fitting = [row for row in rows if all(row[column] == value for column, value in asked.items())]
    if not fitting:
        words = {_name_item(row) for row in rows}
        near = difflib.get_close_matches(_name_item(asked), words, n=1, cutoff=0)
        raise UnknownPrice(
            f"no {platform} price of {model} for {_name_item(asked)}",
            nearest=near,
            next=f'load_table("prices").query("model == {rows[0]["model"]!r}")',
        )
    day = "9999-12-31" if as_of is None else str(as_of)
    known = [row for row in fitting if row["as_of"] <= day]
    if not known:
        oldest = min(row["as_of"] for row in fitting)
        raise UnknownPrice(
            f"no {platform} price of {model} for {_name_item(asked)} is known for {day}",
            nearest=f"the price of {oldest}",
            next=f'as_of="{oldest}", or no as_of for the newest',
        )
    row = max(known, key=lambda row: row["as_of"])
    return Price(float(row["usd"]), *(row[column] for column in Price._fields[1:]))


def request_cost(usage: Any, model: str, as_of: date | str | None = None) -> float:
    """Price of one request in US dollars (dollars, not cents), from data/tables/prices.csv, Azure's list.

    usage: `answer.usage` of any SDK answer, or a dict of prompt_tokens, completion_tokens and
    prompt_tokens_details.cached_tokens and cache_write_tokens (tokens; only the first is needed); of sound also
    audio_tokens on both sides, or alone {"seconds": ...} (whisper) or {"characters": ...} (tts). What is written into
    the cache costs its own price where a model has one, else the input's. Reasoning tokens are part of
    completion_tokens and cost what output costs. The usage must be the priced model's own: another model's output
    tokens at Azure's price mean nothing; `expected_cost` prices a stated length instead.
    Raises UnknownPrice when no row fits `as_of`, CourseError when the usage has no tokens or does not add up.
    """
    unit, counts = count_billed(usage)
    if unit != "usd_per_1m_tokens":
        ((item, count),) = counts.items()
        return float(count * list_price(model, item, unit=unit, as_of=as_of).usd / _MANY.get(unit, 1))
    items = {row["item"] for row in _rows_of_version(model, "azure") if row["unit"] == unit}
    made = _made_by(items)
    if made != "output" and not counts[made]:
        counts[made], counts["output"] = counts["output"], 0
    total = 0.0
    for item, tokens in counts.items():
        while item not in items and item in _BILLED_AS:
            item = _BILLED_AS[item]
        if tokens:
            total += tokens * list_price(model, item, as_of=as_of).usd / _MANY[unit]
    return total


def expected_cost(
    prompt_tokens: int, output_tokens: int, model: str, requests: int = 1, as_of: date | str | None = None
) -> float:
    """US dollars at Azure's list price for `requests` requests of one size: a run, a day, a month.

    prompt_tokens, output_tokens: tokens of one request. State the output length you assume; reasoning counts in.
    Raises UnknownPrice when no row fits `as_of`, CourseError for counts that are not whole numbers from 0 on.
    """
    check_counts({"requests": requests})
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": output_tokens}
    return requests * request_cost(usage, model, as_of)


def _made_by(items: set[str]) -> str:
    """The item that all of a model's output is billed as, told apart in its usage or not."""
    if "image_output" in items:
        return "image_output"
    return "audio_output" if "audio_output" in items and "audio_input" not in items else "output"


def _rows_of_version(model: str, platform: str) -> list[dict[str, str]]:
    """The price rows of the newest version that a name means and that has any.

    Rows without a version are of the version that the model's bare name means: its newest, as `list_versions` says.
    """
    priced: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in read_rows("prices"):
        if row["platform"] == platform:
            priced.setdefault((row["model"], row["version"]), []).append(row)
    for meant in list_versions(model):
        name, version = meant["model"], meant["version"]
        if rows := priced.get((name, version)):
            return rows
        if version == list_versions(name)[0]["version"] and (rows := priced.get((name, ""))):
            return rows
    names = {known for name, version in priced for known in (name, f"{name}-{version}")}
    near = difflib.get_close_matches(model, names, n=1)
    raise UnknownPrice(
        f"no {platform} price of {model} in data/tables/prices.csv",
        **({"nearest": near[0]} if near else {}),
        next="the name of an Azure model; for an open engine, expected_cost() with the model it stands for",
    )


def _name_item(row: Mapping[str, str]) -> str:
    return " ".join(filter(None, (row[column] for column in ("item", "quality", "size", "unit"))))
