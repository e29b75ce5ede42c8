"""The lines of a batch, checked before any of them runs. Codes are of Microsoft's table, most sentences ours."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Line", "LineFault", "check_lines"]

_MOST_LINES = 100_000
_MOST_TOLD = 50
_URLS = {
    "/v1/chat/completions": "chat/completions",
    "/chat/completions": "chat/completions",
    "/v1/responses": "responses",
}
_BOM = b"\xef\xbb\xbf"
_NO_MODEL = "Validation failed: A valid model deployment name couldn't be extracted from the input file."


class Line(NamedTuple):
    """operation: what its url names, as the v1 API spells it."""

    custom_id: str
    operation: str
    body: dict[str, Any]


class LineFault(NamedTuple):
    """One entry under `errors` of a batch that failed. line: counted from 1; None for the whole file."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None

    def told(self) -> dict[str, Any]:
        return self._asdict()


def check_lines(content: bytes, is_deployment: Callable[[str], bool]) -> tuple[list[Line], list[LineFault]]:
    """(the lines, what is wrong with them): one of the two is empty."""
    if not content:
        message = "The input file is empty. Please ensure that the batch contains at least one request."
        return [], [LineFault("empty_file", message)]
    if content.startswith(_BOM):
        return [], [LineFault("model_not_found", _NO_MODEL)]  # so the service answers a byte order mark
    rows = [(number, row) for number, row in enumerate(content.split(b"\n"), 1) if row.strip()]
    if not rows:
        return [], [LineFault("empty_batch", "The batch holds no request.")]
    if len(rows) > _MOST_LINES:
        return [], [LineFault("too_many_tasks", f"The batch holds {len(rows)} requests, and {_MOST_LINES} are taken.")]
    lines: list[Line] = []
    faults: list[LineFault] = []
    seen: dict[str, int] = {}
    for number, row in rows:
        line = _read(number, row)
        fault = line if isinstance(line, LineFault) else _judge(number, line, lines, seen, is_deployment)
        if fault:
            faults.append(fault)
            if len(faults) == _MOST_TOLD:
                break
        elif isinstance(line, Line):
            lines.append(line)
    return ([], faults) if faults else (lines, [])


def _read(number: int, row: bytes) -> Line | LineFault:
    try:
        told = json.loads(row, parse_constant=_refuse)
        json.dumps(told, ensure_ascii=False).encode()  # half a letter cannot be sent back
    except (ValueError, RecursionError):
        return LineFault("invalid_json_line", "This line is not parseable as valid JSON.", number)
    if not isinstance(told, dict):
        return LineFault("invalid_json_line", "This line is no JSON object.", number)
    custom_id, body = told.get("custom_id"), told.get("body")
    if not isinstance(custom_id, str) or not custom_id:
        return LineFault("missing_required_parameter", "Missing required parameter: 'custom_id'.", number, "custom_id")
    if told.get("method") != "POST":
        return LineFault("invalid_method", "The method of a line is 'POST'.", number, "method")
    if not isinstance(told.get("url"), str) or told["url"] not in _URLS:
        message = f"The url of a line is one of {', '.join(_URLS)}; this one is {told.get('url')!r}."
        return LineFault("invalid_url", message, number, "url")
    if not isinstance(body, dict):
        return LineFault("missing_required_parameter", "Missing required parameter: 'body'.", number, "body")
    return Line(custom_id, _URLS[told["url"]], body)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _judge(
    number: int, line: Line, before: list[Line], seen: dict[str, int], is_deployment: Callable[[str], bool]
) -> LineFault | None:
    if line.custom_id in seen:
        message = f"The custom_id '{line.custom_id}' of this line is that of line {seen[line.custom_id]}."
        return LineFault("duplicate_custom_id", message, number, "custom_id")
    seen[line.custom_id] = number
    model = line.body.get("model")
    if not isinstance(model, str) or not is_deployment(model):
        return LineFault("model_not_found", _NO_MODEL, number, "body.model")
    if before and line.operation != before[0].operation:
        return LineFault("url_mismatch", "The lines of a batch share one url.", number, "url")
    if before and model != before[0].body["model"]:
        return LineFault("model_mismatch", "The lines of a batch share one deployment.", number, "body.model")
    if line.body.get("background"):
        return LineFault(
            "invalid_request", "A line of a batch cannot run in the background.", number, "body.background"
        )
    if line.body.get("stream"):
        return LineFault("invalid_request", "A line of a batch cannot be streamed.", number, "body.stream")
    return None
