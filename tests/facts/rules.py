"""What the facts about parameters say: rules of parameters.csv where a line gives one, else rows of service_facts."""

import re
from collections.abc import Iterator, Mapping

__all__ = ["leave_out", "name_models", "read_older_parameter", "read_parameter"]

Row = Mapping[str, str]
Cells = tuple[str, dict[str, str], dict[str, str]]  # table, cells that find the row, cells that it must hold

_APIS = {"chat": "chat", "reasoning": "chat", "responses": "responses", "image": "images", "image edit": "image_edits"}
_APIS |= {"speech-to-text": "transcription", "tts": "speech", "audio chat": "chat", "realtime GA": "realtime"}
_ALLOWED = r"[\w.-]+( ?\| ?[\w.-]+)+|(high|medium)(?= only)|json$"
_MODEL = r"[a-z]+[\w.*-]*\d[\w.*-]*|\*|whisper|tts(-hd)?|gpt-(transcribe|audio|realtime|image)[\w.*-]*"
_NAME = r"[a-z_]+", r"(?!item)[a-z_.]+"
# Found to be otherwise since, by the sources of the row "address and turns": GA keeps the intent in its address.
_TAKEN_BACK = " and ?intent=transcription"
_OF_NO_REQUEST = {"answer", "body", "edits", "json_schema", "length", "price", "route", "system", "time", "usage"}
_MARKS = {"sure": "sure", "unsure": "unsure", "sure in": "documented"}


def read_parameter(row: Row) -> Iterator[Cells]:
    """Rules of parameters.csv where the line is of a parameter and sure; else one row of service_facts.csv."""
    mark = re.match(r"\[((?:un)?sure(?: in)?).*?\] ", row["values_or_note"])
    unsure = "UNSURE" in row["accepted"] + row["values_or_note"]
    said = _MARKS[mark[1]] if mark else "unsure" if unsure else "documented"
    value = row["values_or_note"][mark.end() :] if mark else row["values_or_note"]
    value = value.replace(f"transcription_session.update{_TAKEN_BACK}", "transcription_session.update")
    rules = [] if said == "unsure" and "|" not in value else list(_name_rules(row, value))
    yield from rules
    if not rules:
        key = {"topic": row["family"], "models": row["models"], "name": row["parameter"]}
        yield "service_facts", key, {"accepted": row["accepted"], "value": leave_out(value), "certainty": said}


def _name_rules(row: Row, value: str) -> Iterator[Cells]:
    api, accepted = _APIS.get(row["family"], ""), row["accepted"]
    if not api or ":" in row["parameter"] or not re.fullmatch(r"NO|yes|required|json(\|\w+)*", accepted):
        return
    names = re.split(r", | / ", re.sub(r"\[\]|\{.*\}|^session\.", "", row["parameter"]))
    words = re.match(_ALLOWED, value) or re.match(_ALLOWED, accepted)
    cells = {"accepted": "no" if accepted == "NO" else "yes"}
    if len(names) == 1 and words and accepted != "NO":
        cells["allowed_values"] = re.sub(r" ?\| ?", "|", words[0])
    if len(names) == 1 and (bounds := re.match(r"([\d.]+)-([\d.]+)(?![\w|])", value)):
        cells |= {"minimum": bounds[1], "maximum": bounds[2]}
    for name in names:
        if not re.fullmatch(_NAME[api == "realtime"], name) or name in _OF_NO_REQUEST:
            continue
        for model in name_models(row["models"]):
            model = "gpt-realtime" if (api, model) == ("realtime", "*") else model
            # The o-series refuses any temperature; gpt-5 takes its default, as the error says: 400_temperature_gpt5.
            fixed = (api, name, accepted, model[:3]) == ("chat", "temperature", "NO", "gpt")
            if re.fullmatch(_MODEL, model):
                key = {"api": api, "model": model, "parameter": name}
                yield "parameters", key, {"minimum": "1", "maximum": "1"} if fixed else cells


def read_older_parameter(row: Row) -> Iterator[Cells]:
    """Its rules alone: what else it says, and every effort, a newer file says model by model."""
    for table, key, cells in read_parameter(row):
        if table == "parameters" and key["parameter"] != "reasoning_effort":
            yield table, key, cells


def name_models(text: str) -> list[str]:
    """The names in one cell: "gpt-image-1 / -mini / 1.5" are three. A * stays; "all" becomes one."""
    names: list[str] = []
    whole = ""  # the last name that was written out
    for part in re.split(r" / |, (?:and )?", re.sub(r" \(.*?\)$| and later", "", text)):
        if whole and part.startswith("-"):
            inner = re.fullmatch(r"(gpt-4o)-(transcribe)", whole)
            stem = re.sub(r"-(sol|sunburst|small)$", "", whole)
            stem = re.sub(r"-[\d.]+$", "", stem) if re.match(r"-\d", part) else stem
            names.append(f"{inner[1]}-mini-{inner[2]}" if inner and part == "-mini" else stem + part)
        elif whole and re.match(r"\d", part):
            names.append(re.sub(r"[\d.]+$", "", whole) + part)
        else:
            whole = "*" if part == "all" else part
            names.append(whole)
    return names


def leave_out(text: str) -> str:
    """The text without where whoever gathered the facts kept them, which no reader of a table can open."""
    return re.sub(r"\bfacts/|\bstored (?=docs|Microsoft)", "", text)
