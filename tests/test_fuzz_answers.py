"""Random answers, seeded: live, record and replay give what the plain SDK gives, or say in a sentence that they cannot.

`make test` takes a slice; `make test-standin` takes all 20,000. What failed is one command away: see fuzz_answers.py.
"""

import sys
from collections import Counter
from dataclasses import replace

import pytest

from helpers.errors import CourseError, RecordingNotFound, RecordingNotKept
from tests.fuzz_answers import SEED, Report, list_heavy, run_in_processes, summarise
from tests.fuzz_bodies import CALLS
from tests.fuzz_cases import make_case
from tests.fuzz_judging import compare, is_sentence
from tests.fuzz_reading import Outcome

ALL = range(20_000)
SLICE = range(500)
MOST_MB = 300  # beyond what the plain SDK takes for the same answers


def _expect_no_failure(report: Report) -> None:
    if report.failures:
        pytest.fail(summarise(report), pytrace=False)


def test_a_slice_of_random_answers_comes_through_live_record_and_replay_as_through_the_plain_sdk():
    report = run_in_processes(SEED, SLICE)
    assert report.cases == len(SLICE)
    _expect_no_failure(report)


@pytest.mark.standin  # needs no weights, but its time
@pytest.mark.timeout(600)
def test_twenty_thousand_random_answers_come_through_as_through_the_plain_sdk(takes_its_time: None):
    report = run_in_processes(SEED, ALL)
    assert report.cases == len(ALL)
    _expect_no_failure(report)


@pytest.mark.standin
@pytest.mark.timeout(600)
def test_large_answers_cost_less_than_300_mb_beyond_what_the_plain_sdk_takes(takes_its_time: None):
    if sys.platform == "win32":
        pytest.skip("Windows does not say how much memory a process held")
    heavy = list_heavy(SEED, ALL)
    assert len(heavy) >= 10
    ours, plain = (run_in_processes(SEED, heavy, 1, only) for only in (None, "plain"))
    assert plain.peak_mb > 0 and ours.peak_mb - plain.peak_mb < MOST_MB


def test_the_plain_sdk_agrees_with_itself_so_whatever_differs_is_ours():
    report = run_in_processes(SEED, SLICE[:100], 1, "plain")
    _expect_no_failure(report)


def test_the_same_seed_makes_the_same_case():
    for number in range(50):
        assert make_case(SEED, number) == make_case(SEED, number)
    assert make_case(SEED, 1) != make_case(SEED + 1, 1)


def test_the_slice_holds_every_oddity_and_the_whole_holds_the_rarest_ones():
    cases = [make_case(SEED, number) for number in SLICE]
    tags = Counter(tag for case in cases for tag in case.tags)
    assert {case.call for case in cases} == set(CALLS)
    assert {case.read for case in cases} == {"parsed", "raw", "bytes", "lines", "text"}
    assert {(case.dated, case.is_async) for case in cases} == {(a, b) for a in (True, False) for b in (True, False)}
    for tag in (
        "after the end", "big number", "bom", "broken encoding", "byte by byte", "comments and ids", "cut",
        "duplicate headers", "duplicate keys", "empty", "encoded", "error event", "header beyond ascii",
        "invalid utf-8", "mark", "multi-line data", "nan", "no final blank line", "odd base64", "odd event", "odd id",
        "odd type", "page", "retry-after", "sidecar shape", "status 204", "status 4xx", "status 5xx", "stopped",
        "surrogate", "utf-16",
        "truncated json", "until it closes", "deep 500", "deep 5000",
    ):  # fmt: skip
        assert tags[tag] >= 1, tag


# The judge itself: each departure is seen, and what is no departure is not.
def _judge(mode: str, plain: Outcome, seen: Outcome, **changes: object) -> list[str]:
    outcomes = {"plain": plain, mode: seen, "record": plain} | {mode: seen}
    return [kind for kind, _ in compare(replace(make_case(SEED, 0), **changes), mode, outcomes)]


def _saw(*pieces: str, **more: object) -> Outcome:
    return Outcome(pieces=list(pieces), values=list(pieces), **more)


CALM = {"tags": frozenset[str](), "cuts": (False,), "replies": ()}


def test_the_judge_sees_every_departure():
    error = ("BadRequestError", "no", "status=400")
    plain = _saw("a", asked=[("POST",)], waits=[0.5], headers=[("x-a", "1")])
    same = {"asked": [("POST",)], "waits": [0.5], "headers": [("x-a", "1")]}
    assert _judge("live", plain, _saw("a", **same), **CALM) == []
    assert _judge("live", plain, _saw("b", **same), **CALM) == ["live: other values"]
    assert _judge("live", plain, _saw("a", "a", **same), **CALM) == ["live: other values"]
    assert _judge("live", plain, _saw("a", **same | {"asked": [("POST",)] * 2}), **CALM) == ["live: 1 -> 2 requests"]
    assert _judge("live", plain, _saw("a", **same | {"asked": [("GET",)]}), **CALM) == ["live: other requests"]
    assert _judge("live", plain, _saw("a", **same | {"waits": []}), **CALM) == ["live: other waits"]
    assert _judge("live", plain, _saw("a", **same | {"headers": []}), **CALM) == ["live: other headers"]
    assert _judge("live", plain, _saw("a", **same, hung=True), **CALM) == ["live: hangs"]
    seen = _saw("a", **same, error=error, error_values=error)
    assert _judge("record", plain, seen, **CALM) == ["record: error none -> BadRequestError"]
    assert _judge("replay", plain, _saw("a", **same), **CALM) == ["replay: asks the server"]


def test_the_judge_lets_a_refusal_pass_only_where_nothing_could_be_kept():
    plain = _saw("a", asked=[("POST",)])
    kept_not = RecordingNotKept("the answer came and could not be kept", next="ask again")
    missing = RecordingNotFound("no recorded answer for this request", next="ask freely")
    asked = {"asked": [("POST",)]}
    deep = CALM | {"tags": frozenset({"deep 5000"})}
    assert _judge("live", plain, _saw(refusal=kept_not, **asked), **deep) == ["live: RecordingNotKept"]
    assert _judge("record", plain, _saw(refusal=kept_not, **asked), **deep) == []
    assert _judge("record", plain, _saw(refusal=kept_not, **asked), **CALM) == ["record: RecordingNotKept without need"]
    assert _judge("replay", plain, _saw(refusal=missing), **CALM) == ["replay: RecordingNotFound"]
    assert _judge("replay", plain, _saw(refusal=missing), **CALM | {"cuts": (True,)}) == []


def test_a_sentence_has_words_a_next_step_and_nothing_of_pythons():
    assert is_sentence(RecordingNotFound("no recorded answer for this request", next="ask freely"))
    for what, following in (
        ("no recorded answer for this request", ""),
        ("RecursionError", "try again"),
        ("[Errno 28] no space is left on this device", "try again"),
    ):
        assert not is_sentence(CourseError(what, next=following)), what
