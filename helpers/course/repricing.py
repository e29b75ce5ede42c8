"""What recorded prompts cost on another model, and what is assumed about it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from helpers.costs import list_price, request_cost
from helpers.course.review import api_of, review_requests
from helpers.course.upkeep import name_source, read_counts, read_usage
from helpers.errors import CourseError, UnknownPrice
from helpers.lines import fold
from helpers.recordings.exchange import model_of
from helpers.tables import list_versions, read_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["describe_prices", "tabulate_requests"]

_CACHED_FROM = 1024  # tokens of a prompt, by Microsoft's prompt caching page (2026-08-12)
_CERTAINTY = {"unsure": ", which is inferred for {new}"}
_SERVICES = {"azure", "stand-in"}  # the stand-in counts as Azure does
_Records = Sequence[tuple[str, Mapping[str, Any]]]


def tabulate_requests(records: Iterable[tuple[str, Mapping[str, Any]]], new: str) -> "pd.DataFrame":
    """One row a recorded request: tokens and US dollars before and after, over all its answers that are no errors.

    file, model, api; answers: how many; prompt_tokens as recorded, and of these cached_tokens and audio_tokens;
    new_prompt_tokens: what `new` counts for the same prompt where a service counted it whose tokenizer is the same,
    else as recorded; output_tokens as recorded: an assumption for `new`, and for every Azure model where a stand-in
    answered.
    usd_input, usd_output, new_usd_input, new_usd_output: at Azure's list price, cached tokens and sound at their own,
    for `new` as if it read as many from its cache; missing where one of the prices is not known.
    refused: the parameters that `new` does not take as they are asked, parted by commas, also those that were refused
    before; "" where all is well, or where the table has no rules.
    """
    import pandas as pd

    rows = []
    for name, record in records:
        troubles = [one.parameter for one in review_requests([(name, record)], new) if one.is_refusal]
        rows.append({"file": name, **_price_request(record, new), "refused": ", ".join(dict.fromkeys(troubles))})
    return pd.DataFrame(rows)


def _price_request(record: Mapping[str, Any], new: str) -> dict[str, Any]:
    model, api = model_of(record["request"]), api_of(record["request"])
    is_same = bool(_find_tokenizer(model)[0]) and _find_tokenizer(model)[0] == _find_tokenizer(new)[0]
    shift = _count_opening(new) - _count_opening(model) if is_same else 0
    parts = [_split_usage(answer, shift) for answer in record["answers"] if read_usage(answer)]  # errors count none
    details = [before["prompt_tokens_details"] for before, _, _ in parts]
    return {
        "model": model,
        "api": api,
        "answers": len(parts),
        "prompt_tokens": sum(before["prompt_tokens"] for before, _, _ in parts),
        "cached_tokens": sum(one.get("cached_tokens", 0) for one in details),
        "audio_tokens": sum(one.get("audio_tokens", 0) for one in details),
        "new_prompt_tokens": sum(after["prompt_tokens"] for _, after, _ in parts),
        "output_tokens": sum(output["completion_tokens"] for _, _, output in parts),
        "usd_input": _price([before for before, _, _ in parts], model),
        "usd_output": _price([output for _, _, output in parts], model),
        "new_usd_input": _price([after for _, after, _ in parts], new),
        "new_usd_output": _price([output for _, _, output in parts], new),
    }


def _split_usage(answer: dict[str, Any], shift: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """(the prompt, the prompt as the new model counts it, the output): each a usage to be priced by itself."""
    counts = read_counts(answer)
    prompt, output = read_usage(answer) or (0, 0)

    def find(*names: str) -> dict[str, Any]:
        return next((counts[name] for name in names if isinstance(counts.get(name), dict)), {})

    read = find("prompt_tokens_details", "input_tokens_details", "input_token_details")
    written = find("completion_tokens_details", "output_tokens_details", "output_token_details")
    is_service = (answer.get("source") or {}).get("kind") in _SERVICES
    before = {"prompt_tokens": prompt, "prompt_tokens_details": read}
    after = {**before, "prompt_tokens": max(0, prompt + shift) if is_service else prompt}
    return before, after, {"prompt_tokens": 0, "completion_tokens": output, "completion_tokens_details": written}


def _find_tokenizer(model: str) -> tuple[str, str]:
    """(name, certainty) of a model's tokenizer, from service_facts.csv; ("", "") where no row says."""
    rows = [
        row for row in read_rows("service_facts") if row["topic"] == "tokenizer" and fnmatchcase(model, row["models"])
    ]
    best = max(rows, key=lambda row: (row["models"] == model, len(row["models"])), default=None)
    return (best["value"], best["certainty"]) if best else ("", "")


def describe_prices(records: _Records, old: str, new: str) -> list[str]:
    """The lines of a table: the same prompts on both models, and under it what is assumed."""
    rows = [_price_request(record, new) for _, record in records]
    answers, output = (sum(row[key] for row in rows) for key in ("answers", "output_tokens"))
    if not answers:
        return ["No recorded answer counts its tokens, so no price is known."]
    lines = [
        f"The same prompts, in US dollars at Azure's list prices ({answers:,} answer{'s' if answers != 1 else ''}):",
        f"  {'':<24}{'prompt tokens':>14}{'input':>13}{'output*':>13}{'together':>13}",
    ]
    for name, prefix in ((old, ""), (new, "new_")):
        parts = [[row[f"{prefix}usd_{kind}"] for row in rows] for kind in ("input", "output")]
        sums = [None if None in part else sum(part) for part in parts]
        money = [*sums, None if None in sums else sum(filter(None, sums))]
        tokens = sum(row[f"{prefix}prompt_tokens"] for row in rows)
        lines.append(f"  {name:<24}{tokens:>14,}" + "".join(f"{_word_money(usd):>13}" for usd in money))
    notes = [
        _word_output(records, output, new),
        _word_tokens(records, rows, old, new),
        *_list_unsure(records, rows, new),
    ]
    return [*lines, *(fold(f"  {note}", "    ") for note in notes)]


def _list_sources(records: _Records, *kinds: str) -> str:
    """Who answered, in words; kinds: without these."""
    answers = [answer for _, record in records for answer in record["answers"] if answer["status"] < 400]
    wanted = [answer for answer in answers if (answer.get("source") or {}).get("kind") not in kinds]
    return "; ".join(sorted({name_source(answer) for answer in wanted}))


def _word_output(records: _Records, output: int, new: str) -> str:
    sources = _list_sources(records)
    return (
        f"* An assumption: {output:,} tokens, as long as the recorded answers, which are those of {sources}. "
        f"{new} writes answers of another length; where it thinks, hidden tokens come on top."
        if output
        else "* Nothing: these answers hold no tokens that are billed."
    )


def _word_tokens(records: _Records, rows: Sequence[Mapping[str, Any]], old: str, new: str) -> str:
    if foreign := _list_sources(records, *_SERVICES):
        return f"Prompts are as long as those who answered counted them, each its own way: {foreign}."
    (before, _), (after, certainty) = _find_tokenizer(old), _find_tokenizer(new)
    if not before or before != after:
        return (
            f"Prompts are assumed to be as long as {old} counts them: the tokenizer of {new} is {after or 'not known'}."
        )
    said = f"Prompts are counted by {after}, the tokenizer of both{_CERTAINTY.get(certainty, '').format(new=new)}"
    shift = sum(row["new_prompt_tokens"] - row["prompt_tokens"] for row in rows)
    return f"{said}; reasoning models count one token less a request." if shift < 0 else f"{said}."


def _list_unsure(records: _Records, rows: Sequence[Mapping[str, Any]], new: str) -> list[str]:
    notes = []
    if cached := sum(row["cached_tokens"] for row in rows):
        notes.append(f"{cached:,} tokens were read from the cache. {new} is priced as if it found as many there.")
    if sound := sum(row["audio_tokens"] for row in rows):
        notes.append(f"{sound:,} tokens are sound, each priced as such; a model without that price has none here.")
    bodies = [json.dumps(record["request"].get("json")) for _, record in records]
    if count := sum('"tools"' in body or '"json_schema"' in body for body in bodies):
        notes.append(
            f"Requests with tools or a schema: {count:,}. Azure counts both as prompt, by rules that nobody published. "
            "A stand-in counts no schema."
        )
    if count := sum('"image_url"' in body or '"input_image"' in body for body in bodies):
        notes.append(f"Requests with pictures: {count:,}. Models count pictures by rules of their own.")
    with suppress(UnknownPrice):
        usd = list_price(new, "cache_write").usd
        long = sum(row["prompt_tokens"] >= _CACHED_FROM * max(row["answers"], 1) for row in rows)
        notes.append(
            f"{new} bills what it writes into the prompt cache: {usd:g} US dollars per 1,000,000 tokens, for prompts "
            f"from {_CACHED_FROM:,} tokens on. Requests as long as that: {long:,}."
        )
    return notes


def _word_money(usd: float | None) -> str:
    return "not known" if usd is None else f"{usd:.6f}" if usd >= 0.0001 or not usd else f"{usd:.9f}"


def _count_opening(model: str) -> int:
    """Tokens that open the answer and count with the prompt: 3, and 2 in the recorded answers of reasoning models."""
    return 2 if any(row["category"] == "reasoning" for row in list_versions(model)) else 3


def _price(usages: Iterable[Mapping[str, Any]], model: str) -> float | None:
    try:
        return sum(request_cost(usage, model) for usage in usages)
    except CourseError:  # no price is known, or the numbers of a foreign service do not add up
        return None
