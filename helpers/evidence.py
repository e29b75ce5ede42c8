"""Who answered: the line that stands under every output that comes from an answer.

Four kinds of evidence: stand-in (an open model on a laptop), measured on Azure, published, documented. A stand-in
shows the wire and the method. It never speaks for an Azure model, and the functions here refuse to let it.
"""

import csv
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.errors import EvidenceError
from helpers.lines import fold, name_together
from helpers.recordings import Answered, look_up, look_up_text
from helpers.settings import ROOT

__all__ = [
    "Evidence",
    "arrival_ms",
    "check_names",
    "documented",
    "elapsed_ms",
    "evidence_of",
    "measured",
    "notes_of",
    "published",
    "show_evidence",
]


@dataclass(frozen=True)
class Evidence:
    """kind: "stand-in", "measured on Azure", "published", "documented" or "other server". who: engines or sources.

    n: cases, where somebody counted them; answers: how many were given, which is another number where a case took
    several calls.
    """

    kind: str
    who: tuple[str, ...]
    dates: tuple[str, ...] = ()
    n: int | None = None
    regions: tuple[str, ...] = ()
    answers: int = 0

    def __str__(self) -> str:
        is_ours = self.kind == "stand-in"
        who = (name_together(self.who) if is_ours else " and ".join(self.who)) or "an unnamed model"
        parts = [f"stand-in {who}, not an Azure model"] if is_ours else [self.kind, who]
        parts += self.regions
        if self.dates:
            parts.append(" to ".join(sorted({min(self.dates), max(self.dates)})))
        if self.answers:
            parts.append(f"{self.answers:,} answer{'s' if self.answers > 1 else ''}")
        if self.n is not None:
            parts.append(f"n = {self.n}")
        return " · ".join(parts)


def measured(source: str, date: str = "", n: int | None = None) -> Evidence:
    """Figures taken from real answers of Azure, such as the rows of measured_on_azure.csv."""
    return Evidence("measured on Azure", (source,), (date,) if date else (), n)


def published(source: str, date: str = "") -> Evidence:
    """Figures that somebody published."""
    return Evidence("published", (source,), (date,) if date else ())


def documented(source: str, date: str = "") -> Evidence:
    """What a specification or a documentation page says."""
    return Evidence("documented", (source,), (date,) if date else ())


def evidence_of(*answers: Any) -> Evidence:
    """Who gave these answers of the SDK: completions, streams, binary answers, errors, realtime events, Evidence.

    Lists and dictionaries of answers are looked into. Raises EvidenceError where one did not come through connect(),
    or where they are of different kinds.
    """
    given = list(_flatten(answers))
    if len(given) == 1 and isinstance(given[0], Evidence):
        return given[0]
    if not given:
        raise EvidenceError("no answer was given", next="pass the answers that the output was made from")
    found = [one for answer in given for one in (_who_said(answer) if type(answer) is str else [_answered(answer)])]
    kinds = {_KINDS.get(one.source.get("kind", ""), "other server") for one in found}
    if len(kinds) > 1:
        raise EvidenceError(
            f"these answers are of different kinds: {' and '.join(sorted(kinds))}",
            next="show them in two outputs, each with its own line",
        )
    engines = dict.fromkeys(_name_engine(one.source) for one in found)
    regions = dict.fromkeys(one.source["region"] for one in found if one.source.get("region"))
    dates = tuple(sorted({one.date for one in found}))
    return Evidence(kinds.pop(), tuple(engines), dates, None, tuple(regions), len(found))


_KINDS = {"stand-in": "stand-in", "azure": "measured on Azure"}


def _name_engine(source: dict[str, Any]) -> str:
    engine = source.get("engine") or "an unnamed model"
    return "server, no model asked" if engine == "front" else engine


def elapsed_ms(answer: Any) -> float | None:
    """Milliseconds from sending to the last byte: as recorded in replay, as measured otherwise."""
    return (_who_said(answer)[-1] if type(answer) is str else _answered(answer)).elapsed_ms


def arrival_ms(stream: Any) -> list[int]:
    """Milliseconds from sending to each chunk or event of a stream that was read to its end, in their order."""
    return list(_answered(stream).event_ms)


def notes_of(*answers: Any) -> list[str]:
    """What a stand-in said of these answers that is not as on Azure, each once: whose voice speaks, what has no effect.

    Raises EvidenceError where one did not come through connect().
    """
    found = [_answered(answer).source.get("note", "") for answer in _flatten(answers)]
    return list(dict.fromkeys(one for note in found for one in note.split("; ") if one))


def show_evidence(*answers: Any) -> None:
    """Print the evidence line of these answers."""
    print(fold(f"evidence: {evidence_of(*answers)}", " " * 10))


def check_names(labels: Iterable[str], evidence: Evidence) -> None:
    """Raise EvidenceError where a label names an Azure model and a stand-in answered."""
    if evidence.kind != "stand-in":
        return
    for label in labels:
        for engine in evidence.who:  # an engine may be called as a category of Azure's is: Whisper base int8
            label = re.sub(re.escape(engine), "", label, flags=re.I)
        if found := _azure_names().search(label):
            raise EvidenceError(
                f"{found[0]!r} would stand over answers of {name_together(evidence.who)}",
                next="label it with the engine's name: a stand-in never speaks for an Azure model",
            )


@functools.cache
def _azure_names() -> re.Pattern[str]:
    """Every Azure model's name as people write it: GPT 4o, gpt4o, GPT-3.5 Turbo, with a version or without."""
    with (ROOT / "data" / "tables" / "models.csv").open(encoding="utf-8", newline="") as rows:
        names = sorted({row["model"] for row in csv.DictReader(rows)}, key=len, reverse=True)
    loose = [re.escape(name).replace(r"\-", "[-_ ·]?").replace("35", r"3\.?5") for name in names]
    return re.compile(rf"(?i)(?<![A-Za-z0-9.])(?<![A-Za-z]-)(?:{'|'.join(loose)})(?![A-Za-z0-9])|(?i:\bgpt[-_ ]?\d)")


def _flatten(answers: Any) -> Iterator[Any]:
    for answer in answers.values() if isinstance(answers, Mapping) else answers:
        if isinstance(answer, list | tuple | Mapping):
            yield from _flatten(answer)
        else:
            yield answer


_OF_THE_SDK = "pass the SDK's own answer (not its text) that came from a client made by connect()"


def _who_said(text: str) -> tuple[Answered, ...]:
    """Whose whole answer this text was; several, where several said the same."""
    if found := look_up_text(text):
        return found
    raise EvidenceError("nobody knows who gave this str", next=_OF_THE_SDK)


def _answered(answer: Any) -> Answered:
    headers = None
    for holder in (answer, getattr(answer, "response", None), getattr(answer, "http_response", None)):
        headers = getattr(holder, "headers", None)
        if headers is not None:
            break
    ids = [getattr(answer, name, None) for name in ("_request_id", "id")]
    # Of a realtime event: whose it is.
    ids += [getattr(getattr(answer, name, None), "id", None) for name in ("response", "session", "item")]
    ids += [getattr(answer, name, None) for name in ("response_id", "item_id", "event_id")]
    if headers is not None:
        ids += [headers.get("x-request-id"), headers.get("apim-request-id")]
    for request_id in ids:
        if isinstance(request_id, str) and (found := look_up(request_id)):
            return found
    raise EvidenceError(
        f"nobody knows who gave this {type(answer).__name__}",
        next=_OF_THE_SDK,
    )
