"""A recording as text that people can read and compare: short values on one line, one streamed event a line."""

import json
import threading
from collections import OrderedDict
from typing import Any

__all__ = ["Rendered", "render_record"]

_WIDTH = 100  # letters of a value that stands on one line
_MOST = 64  # recordings whose text is remembered


def render_record(record: dict[str, Any]) -> str:
    """{"request", "answers", ...} as the text of a file, each field from a line of its own on."""
    return _join(record, [_indent(answer) for answer in record["answers"]])


class Rendered:
    """Renders recordings that grow by an answer each time, without rendering again what was there before."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[list[Any], list[str]]] = OrderedDict()
        self._lock = threading.Lock()

    def render(self, key: str, record: dict[str, Any]) -> str:
        with self._lock:
            known, texts = self._known.pop(key, ([], []))
            answers = record["answers"]
            same = len(known) if answers[: len(known)] == known else 0
            texts = [*texts[:same], *map(_indent, answers[same:])]
            self._known[key] = answers, texts
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return _join(record, texts)


def _join(record: dict[str, Any], answers: list[str]) -> str:
    rows = []
    for name, value in record.items():
        listed = "[\n" + ",\n".join("  " + answer for answer in answers) + "\n ]"
        text = listed if name == "answers" else _indent(value, 1)
        rows.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _indent(value: Any, depth: int = 2) -> str:
    text = _render(value, depth)[1]
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair, as a cut stream can hold: only an escape can carry it
        return json.dumps(value)
    return text


def _render(value: Any, depth: int, name: str = "") -> tuple[str, str]:
    """(on one line, as it stands in the file): each part is rendered once, whatever the depth."""
    if not isinstance(value, dict | list) or not value:
        flat = json.dumps(value, ensure_ascii=False)
        return flat, flat
    is_row = name == "event" or (isinstance(value, list) and not any(isinstance(item, dict | list) for item in value))
    if is_row:
        flat = json.dumps(value, ensure_ascii=False)
        return flat, flat
    pad, last = " " * (depth + 1), " " * depth
    if isinstance(value, dict):
        parts = [(json.dumps(key, ensure_ascii=False), *_render(item, depth + 1, key)) for key, item in value.items()]
        flat = "{" + ", ".join(f"{key}: {one}" for key, one, _ in parts) + "}"
        rows = [f"{pad}{key}: {shown}" for key, _, shown in parts]
        return flat, flat if len(flat) <= _WIDTH else "{\n" + ",\n".join(rows) + f"\n{last}}}"
    inside = "event" if name in {"events", "chunks", "frames"} else ""
    items = [_render(item, depth + 1, inside) for item in value]
    flat = "[" + ", ".join(one for one, _ in items) + "]"
    return flat, flat if len(flat) <= _WIDTH else "[\n" + ",\n".join(pad + shown for _, shown in items) + f"\n{last}]"
