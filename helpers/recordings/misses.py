"""What to tell a reader whose request was never recorded: what was asked, what is nearest, what to do."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from helpers.errors import RecordingNotFound, RecordingUnreadable
from helpers.recordings.exchange import Asked, model_of, operation_of
from helpers.recordings.store import Store

__all__ = ["explain_miss"]

_ABSENT = object()


def explain_miss(
    store: Store, asked: Asked, recorded: Sequence[tuple[str, Mapping[str, Any]]] | None = None, what: str = "request"
) -> RecordingNotFound:
    """The error to raise; reads the recordings of the same operation, which takes a moment and only happens here.

    recorded: (file name, request) of what it is held against, where that is known. what: was asked.
    """
    operation = operation_of(asked.request)
    wanted = dict(_leaves(asked.request))
    candidates = []
    for name, request in _read_requests(store, operation) if recorded is None else recorded:
        differences = _differences(wanted, dict(_leaves(request)))
        candidates.append((len(differences), _weight(differences), name, differences))
    told_first = f"no recorded answer for this {what}"
    if not candidates:
        return RecordingNotFound(
            told_first,
            asked=_describe(asked, []),
            nearest=f"none: {store.folder.name} holds no recording of {operation}",
            next=_ask_freely(""),
        )
    candidates.sort(key=lambda candidate: candidate[:3])
    _, _, name, differences = candidates[0]
    fields = [field for field, _, _ in differences]
    told = [f"differs in {_short(field)} ({_show(theirs)})" for field, _, theirs in differences[:3]]
    if len(differences) > 3:
        told.append(f"and {len(differences) - 3} more")
    recorded = [c[3][0][2] for c in candidates if [field for field, _, _ in c[3]] == fields and len(fields) == 1]
    return RecordingNotFound(
        told_first,
        asked=_describe(asked, differences),
        nearest=[name, *told],
        next=_ask_freely(_suggest(fields, recorded)),
    )


def _read_requests(store: Store, operation: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in store.names():
        if not name.startswith(operation + "."):
            continue
        try:
            record = store.read(name)
        except RecordingUnreadable:
            continue  # a broken neighbour is not what was asked for
        if record:
            yield name, record["request"]


def _suggest(fields: list[str], recorded: list[Any]) -> str:
    """`temperature=0.0 or 0.7`: what is on the dial, where one parameter alone is off it."""
    if len(fields) != 1 or not fields[0].startswith("json.") or "[" in fields[0] or "." in fields[0][5:]:
        return ""
    values = sorted({_show(value) for value in recorded if value is not _ABSENT}, key=lambda text: (len(text), text))
    absent = any(value is _ABSENT for value in recorded)
    choices = " or ".join(", ".join(values[:6]).rsplit(", ", 1))
    name = fields[0][5:]
    return " or ".join(filter(None, [f"{name}={choices}" if values else "", f"no {name}" if absent else ""]))


def _ask_freely(suggestion: str) -> str:
    freely = "ask freely: your own resource (notebook 01) or `make standin`"
    return f"{suggestion}, or {freely}" if suggestion else freely


def _describe(asked: Asked, differences: list[tuple[str, Any, Any]]) -> str:
    operation = operation_of(asked.request).replace(".", "/")
    shown = [f"{_short(field)} {_show(mine)}" for field, mine, _ in differences[:3] if mine is not _ABSENT]
    what = f"a {operation} session" if "sent" in asked.request else f"{asked.request['method']} {operation}"
    return " · ".join([what, model_of(asked.request) or "no model", *shown])


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and (value or path == "query"):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _differences(mine: dict[str, Any], theirs: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    fields = [*mine, *(field for field in theirs if field not in mine)]
    pairs = [(field, mine.get(field, _ABSENT), theirs.get(field, _ABSENT)) for field in fields]
    return [pair for pair in pairs if pair[1] is _ABSENT or pair[2] is _ABSENT or pair[1] != pair[2]]


def _weight(differences: list[tuple[str, Any, Any]]) -> float:
    """Among as many differences, the one with the nearest numbers and the most alike texts is nearest."""
    weight = 0.0
    for _, mine, theirs in differences:
        if isinstance(mine, int | float) and isinstance(theirs, int | float):
            weight += abs(mine - theirs) / (1 + abs(mine) + abs(theirs))
        elif isinstance(mine, str) and isinstance(theirs, str):
            common = len(set(mine.split()) & set(theirs.split()))
            weight += 1 - common / (1 + max(len(mine.split()), len(theirs.split())))
        else:
            weight += 1
    return weight


def _short(field: str) -> str:
    return field.removeprefix("json.").removeprefix("form.").removeprefix("sent.")


def _show(value: Any) -> str:
    if value is _ABSENT:
        return "absent there"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    text = text if len(text) <= 40 else text[:37] + "..."
    return f'"{text}"' if isinstance(value, str) else text
