"""What a mode saw, held against what the plain SDK saw: which differences are departures."""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from helpers.errors import CourseError, RecordingNotKept
from tests.fuzz_cases import Case
from tests.fuzz_reading import Outcome

__all__ = ["LIMIT_S", "MAY_BE_REFUSED", "compare", "is_sentence"]

LIMIT_S = 5.0  # for one case in one mode; one that takes longer gets one more chance, for the machine may be busy
# Where the recorder may say that it cannot keep an answer. Everything else that the SDK can read can be kept.
MAY_BE_REFUSED = ("deep 500", "deep 5000", "sidecar shape")


def compare(case: Case, mode: str, outcomes: dict[str, Outcome]) -> Iterator[tuple[str, str]]:
    """(mode and what differs, details) of what departs from the plain SDK: in the requests, and in what was seen."""
    plain, seen = outcomes["plain"], outcomes[mode]
    if plain.hung:
        yield "plain: hangs", "the case itself is wrong"
    elif seen.hung:
        yield f"{mode}: hangs", f"longer than {LIMIT_S} s"
    else:
        if mode == "replay":
            if seen.asked:
                yield "replay: asks the server", str(len(seen.asked))
        elif seen.asked != plain.asked:
            numbers = f"{len(plain.asked)} -> {len(seen.asked)} requests"
            what = numbers if len(seen.asked) != len(plain.asked) else "other requests"
            yield f"{mode}: {what}", _first_difference(plain.asked, seen.asked)
        yield from _compare_seen(case, mode, outcomes)


def _compare_seen(case: Case, mode: str, outcomes: dict[str, Outcome]) -> Iterator[tuple[str, str]]:
    plain, seen = outcomes["plain"], outcomes[mode]
    owes_values = mode == "replay"
    errors = [(each.error_values if owes_values else each.error) or ("none",) for each in (plain, seen)]
    pieces = [each.values if owes_values else each.pieces for each in (plain, seen)]
    if mode == "replay" and _may_not_be_kept(case):  # and then nothing is asked again
        pieces = [[re.sub(r" after \d+'$", "'", piece) for piece in each] for each in pieces]
    headers = [_headers(mode, each) for each in (plain, seen)]
    if seen.refusal is not None:
        yield from _judge_refusal(case, mode, outcomes)
    elif mode == "replay" and (_is_half_kept(case, plain, seen) or _is_cut_after_its_end(case, plain, seen)):
        return
    elif errors[0] != errors[1]:
        before, after = errors[0][0], errors[1][0]
        what = f"error {before} says otherwise" if before == after else f"error {before} -> {after}"
        yield f"{mode}: {what}", _first_difference(*errors)
    elif mode == "replay" and case.read == "lines" and any(map(_TAKEN_FOR_ENDS.search, map(str, pieces))):
        return  # httpx2 ends lines at letters that JSON may spell or escape; "text" and "bytes" compare these
    elif pieces[0] != pieces[1]:
        yield f"{mode}: other values", _first_difference(*pieces)
    elif headers[0] != headers[1]:
        yield f"{mode}: other headers", _first_difference(headers[0] or [], headers[1] or [])
    elif mode != "replay" and seen.waits != plain.waits and not _waits_until_a_date(case):
        yield f"{mode}: other waits", f"{plain.waits} -> {seen.waits}"


_TAKEN_FOR_ENDS = re.compile(r" \.\.\. \d+ [0-9a-f]{16}|\\+(?:x0b|x0c|x1[cde]|u2028|u2029|x85|u0085|u001[c-e])")


def _may_not_be_kept(case: Case) -> bool:
    """Whether an answer was cut off or could not be read: it is none to keep."""
    return any(case.cuts) or "broken encoding" in case.tags


def _is_cut_after_its_end(case: Case, plain: Outcome, seen: Outcome) -> bool:
    """Cut off after all that the SDK reads: it is whole, and only who reads bytes past the end sees the cut."""
    # The SDK, reading parsed pieces, meets a cut only before the end: then nothing is kept, and nothing replayed.
    return any(case.cuts) and case.read != "parsed" and _is_broken(plain) and seen.error is None


def _is_half_kept(case: Case, plain: Outcome, seen: Outcome) -> bool:
    """Asked twice, and the second answer never came whole: replay has the first one alone, an error that says so."""
    cut = _is_broken(plain) or _may_not_be_kept(case)
    return len(plain.asked) == 2 and cut and bool(seen.error and "status=" in " ".join(seen.error))


_KEPT = ("content-type", "x-ratelimit-remaining-requests")  # of those that a recording keeps


def _headers(mode: str, outcome: Outcome) -> list[tuple[str, str]] | None:
    if mode != "replay" or outcome.headers is None:
        return outcome.headers
    # A recording holds one text for each name, as the SDK's own headers["..."] gives it.
    return [(name, ", ".join(value for each, value in outcome.headers if each == name)) for name in _KEPT]


def _judge_refusal(case: Case, mode: str, outcomes: dict[str, Outcome]) -> Iterator[tuple[str, str]]:
    refusal = outcomes[mode].refusal
    assert refusal is not None
    name = type(refusal).__name__
    if not is_sentence(refusal):
        yield f"{mode}: {name} is no sentence", str(refusal)
    plain = outcomes["plain"]
    if mode == "live":
        yield f"live: {name}", str(refusal)
    elif mode == "record":
        if not case.tags & set(MAY_BE_REFUSED):
            yield f"record: {name} without need", f"{str(refusal)!r}, plain: {plain.error or plain.pieces[:1]}"
        if isinstance(refusal, RecordingNotKept) and not isinstance(refusal.body, bytes):
            yield "record: the answer that was not kept is lost", repr(refusal.body)
    # In replay there is nothing where nothing whole ever came.
    elif not (outcomes["record"].refusal or _was_cut(case, plain) or _is_broken(plain)) or name != "RecordingNotFound":
        yield f"replay: {name}", str(refusal)


def _was_cut(case: Case, plain: Outcome) -> bool:
    """Whether an answer that was given ended before its end."""
    last = len(case.cuts) - 1
    return any(case.cuts[min(index, last)] for index in range(len(plain.asked)))


def _is_broken(plain: Outcome) -> bool:
    return plain.error is not None and plain.error[0] in _BROKEN


_BROKEN = {"APIConnectionError", "APITimeoutError", "DecodingError", "RemoteProtocolError", "ReadError"}


def is_sentence(error: CourseError) -> bool:
    """Whether an error speaks to a learner: words, what to do next, and nothing of Python's or of this machine's."""
    text = str(error)
    first = text.splitlines()[0] if text else ""
    has_words = len(re.findall(r"[a-z]{2,}", first)) >= 4
    has_pythons = re.search(r"Traceback|Errno|object at 0x|\bself\b", text) or tempfile.gettempdir() + os.sep in text
    return has_words and "\n  try" in text and not has_pythons


def _waits_until_a_date(case: Case) -> bool:
    return any(isinstance(piece, bytes) and b"GMT" in piece for reply in case.replies for piece in reply.pieces)


def _first_difference(before: Sequence[Any], after: Sequence[Any]) -> str:
    """The first place where two lists differ, cut to what a person reads."""
    for index, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            if isinstance(one, tuple) and isinstance(other, tuple):
                return f"[{index}] " + _first_difference(one, other)
            one, other = repr(one), repr(other)
            at = next(
                (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
            )
            start = max(0, at - 40)
            return f"[{index}] {one[start : at + 120]} -> {other[start : at + 120]}"
    return f"{len(before)} -> {len(after)}: {[*before[len(after) :], *after[len(before) :]][:1]}"[:300]
