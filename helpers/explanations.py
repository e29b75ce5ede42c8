"""explain(error): what happened, why, and what to do next, from data/tables/explanations.csv.

In a notebook, once connect() was called, an error of the SDK that nobody caught shows the cell's own lines and this
card below them, in place of thirty frames of installed packages.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import openai

from helpers.endpoints import is_loopback
from helpers.errors import CourseError
from helpers.jupyter import find_shell
from helpers.lines import WIDTH
from helpers.recordings import find_refusal
from helpers.signin import attempts_of, is_sign_in_error
from helpers.tables import read_rows

__all__ = ["Explanation", "explain", "explain_in_notebook"]

_WIDTH = WIDTH - 10  # less the words in front of it


@dataclass(frozen=True, repr=False)
class Explanation:
    """Print it, or leave it as a cell's last line. name: the row of explanations.csv, "" for the course's own errors.

    what, why, next: one sentence each. details: what else the error tells: the categories of a content filter, the
    seconds to wait, why a connection failed.
    """

    name: str
    what: str
    why: str = ""
    next: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = {"why": self.why, **self.details, "next": self.next}
        wrapped = {name: textwrap.wrap(text, _WIDTH) if isinstance(text, str) else text for name, text in lines.items()}
        return str(CourseError(self.what, **{name: text for name, text in wrapped.items() if text}))

    __repr__ = __str__


def explain(error: BaseException) -> Explanation:
    """The card of an error of the SDK, or of the course's own, which already say all this.

    Of the rows of explanations.csv that fit status, code and message, the first one; the last row fits everything.
    """
    error = find_refusal(f"{error} {getattr(error, 'message', '')}") or error
    if isinstance(error, CourseError):
        then = error.next if isinstance(error.next, str) else "; ".join(error.next)
        return Explanation("", error.what, "", then, error.details)
    error = _Refused(error) if type(error).__name__ == "InvalidStatus" else error
    status = str(getattr(error, "status_code", None) or "")
    code = str(getattr(error, "code", None) or "") if status else type(error).__name__
    if is_sign_in_error(error):
        code = "ClientAuthenticationError"  # its subclasses say the same
    text = "\n".join([_message_of(error), *_inside_of(error), *_causes_of(error), *_address_of(error)])
    row = next(row for row in read_rows("explanations") if _fits(row, status, code, text))
    facts = _facts_of(error)
    what, why, then = (row[column].format_map(facts) for column in ("what", "why", "next"))
    return Explanation(row["explanation"], what, why, then, dict(_details_of(error)))


class _Refused(Exception):
    """A handshake of a WebSocket that the service refused, in the form of the SDK's errors."""

    def __init__(self, error: Any):
        super().__init__(str(error))
        self.status_code, self.response = error.response.status_code, error.response
        try:
            told = json.loads(bytes(error.response.body or b""))["error"]
        except (ValueError, TypeError, KeyError):
            told = None
        self.body = told if isinstance(told, Mapping) else bytes(error.response.body or b"").decode("utf-8", "replace")
        self.code = told.get("code") if isinstance(told, Mapping) else None


class _Explained(tuple[type[BaseException], ...]):
    """The classes whose errors explain themselves; by its type a handler is known as ours."""


def explain_in_notebook(*more: type[BaseException]) -> None:
    """From now on uncaught errors of the SDK explain themselves; does nothing outside IPython, or a second time.

    more: classes of other packages, known once these are loaded. Where the reader set a handler of their own
    (`set_custom_exc`), that one stays.
    """
    shell = find_shell()
    if shell is None or not (shell.custom_exceptions == () or isinstance(shell.custom_exceptions, _Explained)):
        return
    explained = _Explained(dict.fromkeys([openai.OpenAIError, *shell.custom_exceptions, *more]))
    if explained != shell.custom_exceptions:
        shell.set_custom_exc(explained, _show_short)


def _show_short(
    shell: Any, kind: type, error: BaseException, trace: TracebackType | None, tb_offset: int | None = None
) -> list[str]:
    if refusal := find_refusal(str(error)):  # what ended a realtime session is an error of ours: it alone is shown
        lines = refusal._render_traceback_()
        shell._showtraceback(type(refusal), refusal, lines)
        return lines
    told, shown, value = explain(error), error, error
    below = ["", str(told)]
    if is_sign_in_error(error):  # its own message fills a screen: the card stands in its place
        shown, below = type(kind.__name__, (Exception,), {})(told), []
        value = Exception("\n".join([told.what, *textwrap.wrap(told.next, _WIDTH)]))
    # The traceback of the cause is a hundred lines of HTTP; the card tells what it says.
    chain = shown.__cause__, shown.__context__, shown.__suppress_context__
    shown.__cause__ = shown.__context__ = None
    try:
        lines = shell.InteractiveTB.structured_traceback(kind, shown, _cells_of(shell, trace), tb_offset=0)
    finally:
        shown.__cause__, shown.__context__, shown.__suppress_context__ = chain
    lines = [*lines, *below]
    shell._showtraceback(kind, value, lines)
    return lines


def _cells_of(shell: Any, trace: TracebackType | None) -> TracebackType | None:
    """The traceback's frames in cells. Files are left out: of packages, and with them every path of this machine."""
    frames = []
    while trace:
        if shell.compile.format_code_name(trace.tb_frame.f_code.co_filename):
            frames.append(trace)
        trace = trace.tb_next
    kept = None
    for frame in reversed(frames):
        kept = TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return kept


def _fits(row: Mapping[str, str], status: str, code: str, text: str) -> bool:
    return bool(
        (not row["status"] or re.fullmatch(row["status"], status))
        and (not row["code"] or re.fullmatch(row["code"], code))
        and (not row["message"] or re.search(row["message"], text))
    )


def _message_of(error: BaseException) -> str:
    body = getattr(error, "body", None)
    return str(body.get("message") or error) if isinstance(body, Mapping) else str(body or error)


def _inside_of(error: BaseException) -> Iterator[str]:
    """What a body says beside its message: the parameter of a 400, and the errors within one of Azure's management."""
    if getattr(error, "status_code", 0) == 400 and (param := getattr(error, "param", None)):
        yield f"param {param}"
    body = getattr(error, "body", None)
    details = body.get("details") if isinstance(body, Mapping) else None
    for one in details if isinstance(details, list) else ():
        if isinstance(one, Mapping):
            yield f"{one.get('code')}: {one.get('message')}"


def _causes_of(error: BaseException) -> Iterator[str]:
    cause = error.__cause__
    while cause:
        yield f"{type(cause).__name__}: {cause}"
        cause = cause.__cause__


def _address_of(error: BaseException) -> Iterator[str]:
    """Where a 404 of a server on this machine was asked: one that is not Azure's may have its API elsewhere."""
    url = getattr(getattr(error, "request", None), "url", None)
    if url and getattr(error, "status_code", 0) == 404 and is_loopback(url.host):
        yield f"asked {url.path}"


def _facts_of(error: BaseException) -> dict[str, str]:
    """What the sentences of the table leave open."""
    request = getattr(error, "request", None)
    url = getattr(request, "url", None)
    path = url.path if url else ""
    quoted = re.search(r"'([A-Za-z_][\w.]*)'", _message_of(error))
    return {
        "model": _model_of(path, request) or "this deployment",
        "param": getattr(error, "param", None) or (quoted[1] if quoted else "a parameter"),
        "host": url.host if url else "the host",
        "origin": f"{url.scheme}://{url.netloc.decode()}" if url else "the server",
        "path": path or "unknown",
        "kind": type(error).__name__,
    }


def _model_of(path: str, request: Any) -> str:
    if deployment := re.search(r"/deployments/([^/]+)/", path):
        return deployment[1]
    try:
        model = json.loads(request.content).get("model")
    except Exception:  # no body, not JSON, or a body that was streamed: then no name is told
        return ""
    return model if isinstance(model, str) else ""


def _details_of(error: BaseException) -> Iterator[tuple[str, Any]]:
    if found := list(_filtered_by(error)):
        yield "found", found
    if close := getattr(error, "rcvd", None):  # of a realtime session
        yield "ended", f"{close.code} {close.reason}".strip()
    headers = getattr(getattr(error, "response", None), "headers", {})
    if getattr(error, "status_code", 0) == 429 and (wait := _seconds_to_wait(headers, _message_of(error))):
        yield "wait", wait
    if (getattr(error, "status_code", 0) or 0) >= 500 and (name := headers.get("apim-request-id")):
        yield "id", name
    if is_sign_in_error(error):
        yield from attempts_of(error)
    elif causes := list(_causes_of(error)):
        yield "cause", causes[0]


def _filtered_by(error: BaseException) -> Iterator[str]:
    """`violence  medium, filtered`: each category that the content filter names, those it acted on first."""
    results = _find(getattr(error, "body", None), "innererror", "inner_error")
    results = _find(results, "content_filter_result", "content_filter_results")
    if isinstance(error, openai.ContentFilterFinishReasonError) and (completion := error.completion):
        results = _find(completion.choices[0].model_extra, "content_filter_results")
    judged = {name: result for name, result in results.items() if isinstance(result, Mapping)}
    width = max(map(len, judged), default=0)
    for name, result in sorted(judged.items(), key=lambda item: not item[1].get("filtered")):
        told = [word for word in ("detected", "filtered") if result.get(word)]
        yield f"{name:<{width}}  {', '.join(filter(None, [result.get('severity'), *told])) or 'not detected'}"


def _find(holder: Any, *names: str) -> Mapping[str, Any]:
    """The first mapping of one of these names; empty where the body has another shape."""
    found = (holder.get(name) for name in names) if isinstance(holder, Mapping) else ()
    return next((one for one in found if isinstance(one, Mapping)), {})


def _seconds_to_wait(headers: Mapping[str, str], message: str) -> str:
    """As the service says: `retry-after-ms` before `retry-after`, as the SDK reads them, then the sentence."""
    sources = [(headers.get("retry-after-ms"), 1000), (headers.get("retry-after"), 1)]
    told = re.search(r"retry after (\d+) seconds", message)
    sources.append((told[1] if told else None, 1))
    seconds = [float(text) / per for text, per in sources if text and re.fullmatch(r"\d+(\.\d+)?", text)]
    return next((f"{one:g} s, says the service" for one in seconds if one > 0), "")
