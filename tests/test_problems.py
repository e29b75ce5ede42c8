"""data/texts/problems.csv: every answer is worked out a second time, from the question alone and by another way."""

import contextlib
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from helpers.settings import ROOT
from tests.make_problems import FAMILIES, ROUNDS, calibration_questions, draw_problems

with (ROOT / "data" / "texts" / "problems.csv").open(encoding="utf-8", newline="") as _file:
    PROBLEMS = list(csv.DictReader(_file))
every_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=[problem["id"] for problem in PROBLEMS])
WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
IN_WORDS = {"three": 3, "four": 4}
ASKS = {"integer": r"Answer with a number\.", "word": r"Answer with (one name|the name of the day)\."}


def _only(answers: Any) -> Any:
    """The one answer that fits: a puzzle with several is no puzzle."""
    (answer,) = set(answers)
    return answer


def _numbers(question: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", question)]


def _discount(question: str) -> int:
    price, off = _numbers(question)
    return _only(paid for paid in range(price) if 100 * (price - paid) == price * off)


def _bus(question: str) -> int:
    here, out, on = _numbers(question)
    seats = list(range(here))[out:]
    return len([*seats, *range(on)])


def _letters(question: str) -> int:
    letter, word = re.findall(r"the letter (\w) occur in the word (\w+)", question)[0]
    return Counter(word)[letter]


def _above(question: str) -> int:
    limit, *numbers = _numbers(question)
    return len([*filter(limit.__lt__, numbers)])


def _older(question: str) -> str:
    name, years = re.findall(r"(\w+) is (\d+) years old", question)[0]
    ages = {name: int(years)}
    for other, more, of in re.findall(r"(\w+) is (\d+) years older than (\w+)", question):
        ages[other] = ages[of] + int(more)
    assert len(set(ages.values())) == len(ages) == 3
    return max(ages, key=lambda one: ages[one])


def _second(question: str) -> str:
    said = re.findall(r"(\w+) arrived (before|after) (\w+)", question)
    names = {name for one, _, other in said for name in (one, other)}
    orders = [
        order
        for order in itertools.permutations(names)
        if all((order.index(one) < order.index(other)) == (when == "before") for one, when, other in said)
    ]
    return _only(order[1] for order in orders)


def _day_of(question: str) -> str:
    """The calendar of a week in 2024 is asked."""
    named = re.search(r"Today is (\w+)", question)
    days = re.search(r"(\w+) days", question)
    number = 2 if "the day after tomorrow" in question else _read_number(days[1] if days else "")
    assert named
    today = date(2024, 7, 1) + timedelta(days=WEEK.index(named[1]))
    then = today - timedelta(days=number) if question.count(" ago?") else today + timedelta(days=number)
    return f"{then:%A}"


def _read_number(word: str) -> int:
    return IN_WORDS.get(word) or int(word)


def _run(question: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(question.split("\n\n", 1)[1], {})
    return printed.getvalue().rstrip("\n")


WAYS: dict[str, Callable[[str], Any]] = {
    "discount": _discount,
    "bus": _bus,
    "letters": _letters,
    "above": _above,
    "older": _older,
    "second": _second,
    "weekday_near": _day_of,
    "tomorrow": _day_of,
    "length": _run,
    "loop": _run,
}


@every_problem
def test_each_answer_comes_out_again_when_it_is_worked_out_from_the_question(problem: dict[str, str]):
    work_out = WAYS[problem["id"].rpartition("_")[0]]
    assert str(work_out(problem["question"])) == problem["answer"]


@every_problem
def test_each_question_asks_for_the_form_of_its_answer(problem: dict[str, str]):
    assert re.search(ASKS[problem["answer_type"]], problem["question"])
    form = r"0|[1-9]\d*" if problem["answer_type"] == "integer" else r"[A-Za-z]+"
    assert re.fullmatch(form, problem["answer"])


@every_problem
def test_a_word_is_one_of_the_choices_and_the_question_gives_no_other_name(problem: dict[str, str]):
    choices = problem["choices"].split()
    assert (problem["answer"] in choices) == (problem["answer_type"] == "word") == bool(choices)
    if problem["kind"] == "logic":
        said = problem["question"].split(" Who ")[0]
        assert sorted(choices) == sorted(set(re.findall(r"[A-Z][a-z]+", said)))
    elif choices:
        assert choices == WEEK


def test_the_file_is_what_its_seeds_draw():
    assert draw_problems() == PROBLEMS


def test_every_kind_has_as_many_problems_and_none_comes_twice():
    families = {kind: len(of_kind) for kind, of_kind in FAMILIES.items()}
    assert set(families.values()) == {2}
    assert Counter(problem["kind"] for problem in PROBLEMS) == {kind: 2 * ROUNDS for kind in families}
    assert len({problem["question"] for problem in PROBLEMS}) == len(PROBLEMS)


def test_no_problem_was_one_of_those_on_which_the_families_were_chosen():
    tried = calibration_questions()
    assert len(tried) > 40
    assert not tried & {problem["question"] for problem in PROBLEMS}
