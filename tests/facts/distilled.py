"""What each file of facts says, as cells of data/tables: which row it means, and what the row must hold.

Facts were gathered in files of many shapes. Nothing is guessed here: what a program cannot read stands in _BY_HAND.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.facts.rules import leave_out, name_models, read_older_parameter, read_parameter

__all__ = ["Fact", "read_facts"]

Row = Mapping[str, str]
Cells = tuple[str, dict[str, str], dict[str, str]]  # table, cells that find the row, cells that it must hold


class Fact(NamedTuple):
    """One line of facts: the row of `table` that `key` finds holds these `cells`. where: file and line."""

    where: str
    table: str
    key: dict[str, str]
    cells: dict[str, str]


def read_facts(folder: Path) -> Iterator[Fact]:
    """Everything that the files in `folder` say, older files first: a later fact about the same cell stands."""
    for name, read in _READERS.items():
        path = folder / name
        for line, row in _read_rows(path) if path.is_file() else ():
            for table, key, cells in read(row):
                yield Fact(f"{name} {line}", table, key, cells)
    for text, fact in _BY_HAND:
        if (folder / text).is_file():
            yield Fact(text, *fact)


def _read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """What to call each row, and its cells."""
    if path.suffix == ".jsonl":
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"line {number}", json.loads(line)
        return
    if path.suffix == ".md":
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.match(r"\| [A-Z]", line):
                stage, answers, deployable = (cell.strip() for cell in line.strip("|").split("|"))
                yield f"line {number}", {"stage": stage, "answers": answers, "deployable": deployable}
        return
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        above: dict[str, str] = {}
        for row in reader:
            # "same": as in the line above
            above = {column: above.get(column, "") if cell == "same" else cell for column, cell in row.items()}
            yield f"line {reader.line_num}", above


_STAGES = {"GA": "Generally available", **{word: word for word in ("Preview", "Legacy", "Deprecated", "Retired")}}
_ANSWERS = {"live": "yes", "retired": "no"}
_RENAMED = {"2026-09-08": "2026-09-09"}  # gpt-image-2.5: OpenAI's snapshot name, then Azure's version


def _date(text: str) -> str:
    found = re.match(r"\d{4}-\d\d-\d\d", text)
    return found[0] if found else ""


def _number(text: str) -> str:
    found = re.match(r"\d+(?! (?:chars|MB))\b", text)
    return found[0] if found else ""


def _read_model(row: Row) -> Iterator[Cells]:
    *older, newest = row["version"].split(" (")[0].split(" / ")
    status = row["status_on_2026_11_20"].split(" (")[0]
    limits = {
        "context_window_tokens": _number(row["context_window"]),
        "max_input_tokens": _number(row["max_input"]),
        "max_output_tokens": _number(row["max_output"]),
        "training_cutoff_month": row["training_cutoff"][:7],
    }
    life = {
        "stage": _STAGES.get(row["lifecycle_as_of_2026_09_02"], ""),
        "answers_today": _ANSWERS.get(status, ""),
        "openai_retirement_date": _date(row["openai_platform_shutdown"]),
        "source_documents": row["named_in_sources"],
    }
    if date := _date(row["azure_retirement_date"]):
        life["retirement_date"] = date
    year = older[0][:5] if older else ""
    newest = year + newest if older else newest
    yield "models", {"model": row["id"], "version": _RENAMED.get(newest, newest)}, limits | life
    for version in older:  # of which the line says no more
        yield "models", {"model": row["id"], "version": year + version.removeprefix(year)}, limits


def _read_schedule(row: Row) -> Iterator[Cells]:
    cells = {
        "stage": _STAGES[row["lifecycle"]],
        "retirement_date": _date(row["retirement_date"]),
        "deployable_by_new_customers": row["deployable_by_new_customers"].replace("unsure", ""),
        "answers_today": row["answers_on_2026_11_21"].replace("unsure", ""),
    }
    if row["replacement"]:  # where it names none, an older page may
        cells["replacement"] = row["replacement"].split(" (")[0]
    yield "models", {"model": row["id"], "version": row["version"]}, cells


def _read_stage(row: Row) -> Iterator[Cells]:
    yes_or_no = {"answers": row["answers"], "deployable_by_new_customers": row["deployable"]}
    yield "lifecycle", {"stage": row["stage"]}, {name: re.split(r"\W", cell)[0] for name, cell in yes_or_no.items()}


_OPENAI_NAMES = {"tts-1": "tts", "tts-1-hd": "tts-hd", "whisper-1": "whisper"}
_ITEMS = {"text input": "input", "text output": "output", "cached text input": "cached_input"}
_ITEMS |= {"text input (batch)": "batch_input", "text output (batch)": "batch_output"}
_ITEMS |= {"text input (priority)": "priority_input", "text output (priority)": "priority_output"}


def _read_price(row: Row) -> Iterator[Cells]:
    unit = re.match(r"per (1M \w+|image|minute)", row["unit"])
    if not unit:  # tokens of a picture or of a second: newer files have counted them anew
        if "output image" in row["unit"]:
            key = dict(zip(("quality", "size"), row["item"].split(), strict=True))
            yield "image_tokens", {"model": row["model"], **key}, {"output_tokens": row["price_usd"]}
        elif "audio" in row["unit"]:
            for model in ("gpt-4o-transcribe", "gpt-4o-mini-transcribe"):
                yield "media_tokens", {"model": model, "item": "audio_tokens_per_second"}, {"value": row["price_usd"]}
        return
    found = {
        "versioned": _OPENAI_NAMES.get(row["model"], row["model"]),
        "platform": "azure" if row["platform"].startswith("Azure") else "openai",
        "unit": "usd_" + unit[0].lower().replace(" ", "_"),
        "item": _ITEMS.get(row["item"], row["item"].replace(" ", "_")),
    }
    if unit[1] == "image":
        *quality, size = row["item"].split()
        found |= {"item": "image", "quality": " ".join(quality), "size": size}
    if "older" in row["platform"]:
        found["as_of"] = f"{row['source_date']}-01-01"
    yield "prices", found, {"usd": row["price_usd"]}


def _read_picture(row: Row) -> Iterator[Cells]:
    if row["model"].endswith("(history)"):  # billed for each picture: a price, and no tokens
        quality = "" if row["model"].startswith("dall-e-2") else row["quality"]
        platform = "azure" if "Azure" in row["source"] else "openai"
        key = {"versioned": row["model"].split()[0], "platform": platform, "unit": "usd_per_image", "item": "image"}
        yield "prices", key | {"quality": quality, "size": row["size"]}, {"usd": row["usd_per_picture"]}
        return
    part = "partial" in row["quality"]
    for model in name_models(row["model"]):
        key = {"model": model, "quality": "" if part else row["quality"], "size": "" if part else row["size"]}
        cells = {"output_tokens": row["output_tokens"], "usd_per_image": row["usd_per_picture"]}
        yield "image_tokens", key, cells | {"what": "partial picture" if part else "picture"}


_SURE = {"sure (documents)": "documented", "sure (documents and reports)": "documented"}
_WRITTEN = {"gpt-4.5": ("gpt-4.5-preview", ""), "gpt-4-turbo": ("gpt-4", "turbo-2024-04-09")}


def _read_vision(row: Row) -> Iterator[Cells]:
    family = re.sub(r" as input.*| on Azure.*", "", row["family"]).replace("gpt-image-2.x", "gpt-image-2")
    azure = re.search(r"on Azure \((.*)\)", row["family"])
    edit = re.search(r"as input of an edit(?:, input_fidelity (\w+))?", row["family"])
    names = ("base_tokens", "tokens_per_tile", "max_side_px", "short_side_px", "max_patches")
    said = _SURE.get(row["verdict"], re.split(r"\W", row["verdict"])[0])
    cells = {name: row[name] for name in names} | {"tokens_per_patch": row["multiplier"]}
    cells["certainty"] = "partly" if said in ("multiplier", "sizing") else said
    for model, version in (_WRITTEN.get(name, (name, azure[1] if azure else "")) for name in name_models(family)):
        for detail in re.split(r" / | = ", edit[1] or "" if edit else row["detail"]):
            key = {"model": model, "version": version, "use": "edit" if edit else "chat", "detail": detail}
            yield "vision_tokens", key, cells


def _read_event(row: Row) -> Iterator[Cells]:
    key = {"direction": row["direction"].replace("HTTP webhook", "webhook")}
    news = [re.sub(r" with .*|\(gone\)", "", name) for name in _name_events(row["ga_name"])]
    for new in news:
        names = {"ga_name": new, "preview_name": row["preview_name"]}
        yield "realtime_events", key | names, {"key_fields": re.sub(r"[;\s]*\[seen .*\]$", "", row["key_fields"])}


def _name_events(text: str) -> list[str]:
    """ "a.b.delta / .done" are a.b.delta and a.b.done."""
    names: list[str] = []
    for part in re.split(r" / |; ", text):
        names.append(names[-1].rpartition(".")[0] + part if part.startswith(".") else part)
    return names


def _read_measured(row: Row) -> Iterator[Cells]:
    if row["model"].startswith("("):  # an illustration of a page, no answer
        return
    names = {"prompt_tokens": "prompt_tokens", "completion_tokens": "completion_tokens", "as_of": "as_of"}
    key = {"model": row["model"].split(" (")[0]} | {name: row[fact] for name, fact in names.items()}
    effort = re.search(r"effort (minimal|none|low|medium|high|xhigh);", row["note"])
    if row["operation"] == "not stated" and effort:
        key["reasoning_effort"] = effort[1]
    cells = {name: row[name] for name in ("region", "cached_tokens", "reasoning_tokens")}
    yield "measured_on_azure", key, cells


def _read_published(row: Row) -> Iterator[Cells]:
    if row["table"] == "embeddings":
        key = {"model": row["subject"], "benchmark": row["metric"].removesuffix(" average"), "note": "full length"}
        yield "embedding_scores", key, {"score_percent": row["value"]}
        return
    least, _, most = row["value"].partition("-")
    key = {name: row[name] for name in ("source_document", "subject", "metric")} | {"topic": row["table"]}
    yield "published_comparisons", key, {"value": least, "value_to": most, "unit": row["unit"]}


_VERDICTS = {"supported": "supported", "unverifiable": "not verifiable", "disputed": "not verifiable"}
_VERDICTS |= dict.fromkeys(("partly", "outdated", "misleading", "conditional"), "outdated or partly true")


def _read_claim(row: Row) -> Iterator[Cells]:
    word = row["verdict_detail"].split(" ")[0]
    verdict = _VERDICTS.get(word, "contradicted")
    key = {"source_document": row["source_document"][0], "claim": row["claim"]}
    yield "claims", key, {"verdict": verdict, "correct_value": leave_out(row["correct_value"])}


def _read_error(row: Row) -> Iterator[Cells]:
    platform = "azure" if "Azure" in str(row["platform"]) else "openai"
    body = json.dumps(row["body"], ensure_ascii=False, separators=(",", ":"))
    yield "errors", {"error": row["id"]}, {"status": str(row["status"]), "platform": platform, "body": body}


_Reader = Callable[[Row], Iterator[Cells]]
_READERS: dict[str, _Reader] = {
    "lifecycle.md": _read_stage,
    "models.csv": _read_model,
    "schedule_2026_09_23.csv": _read_schedule,
    "prices.csv": _read_price,
    "image_tokens.csv": _read_picture,
    "vision_tokens.csv": _read_vision,
    "realtime_events.csv": _read_event,
    "measured_additions.csv": _read_measured,
    "published_comparisons.csv": _read_published,
    "claims.csv": _read_claim,
    "errors.jsonl": _read_error,
    "errors_additions.jsonl": _read_error,
    "errors_media.jsonl": _read_error,
    "parameters.csv": read_older_parameter,
    "parameters_additions.csv": read_parameter,
    "parameters_media.csv": read_parameter,
}

# What the texts say against an older file: prose, which no program reads.
_BY_HAND: tuple[tuple[str, Cells], ...] = (
    ("text_2026_11.md", ("models", {"model": "gpt-oss-120b", "version": "1"}, {"stage": "Preview"})),
)
