"""data/texts/problems.csv: every answer is worked out a second time, by code that does not read it."""

import contextlib
import csv
import difflib
import io
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from helpers.settings import ROOT

with (ROOT / "data" / "texts" / "problems.csv").open(encoding="utf-8", newline="") as _file:
    PROBLEMS = list(csv.DictReader(_file))
IDS = [problem["id"] for problem in PROBLEMS]
COUNTS = {"arithmetic": 20, "logic": 16, "dates": 14, "code": 14}
ASKS = {
    "integer": r"Answer with (a number|the three digits)\.",
    "word": r"Answer with (one (name|word)|the name of the day|the colour|yes or no|the one word that is printed)\.",
    "date": r"Answer with a date written as YYYY-MM-DD\.",
}
WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


# --- arithmetic: the story again, as a sum, a search or a simulation


def _simulate_snail() -> int:
    height, day = 0, 0
    while True:
        day, height = day + 1, height + 5
        if height >= 23:
            return day
        height -= 2


def _simulate_lift() -> int:
    waiting, minutes = 61, 0
    while True:
        waiting, minutes = waiting - 8, minutes + 2
        if waiting <= 0:
            return minutes
        minutes += 2


def _only(answers: Any) -> Any:
    """The one answer that fits: a puzzle with several is no puzzle."""
    (answer,) = set(answers)
    return answer


ARITHMETIC: dict[str, Callable[[], float]] = {
    "a01": lambda: (7 * 24 - 15) / 9,
    "a02": lambda: 6 * 38 + 4 * (38 - 11),
    "a03": lambda: sum(12 + 5 * day for day in range(6)),
    "a04": lambda: 540 / (18 - 3),
    "a05": lambda: 3 * 16 * 0.75 + 7,
    "a06": lambda: 12 / 2 * 3 / 3 * 4,
    "a07": lambda: 24 * 45 / 60 + 18 * 20 / 60,
    "a08": lambda: (14 - 2) * (16 - 5),
    "a09": lambda: _only(ines for ines in range(95) if ines + 3 * (ines - 10) == 94),
    "a10": _simulate_snail,
    "a11": lambda: 1280 * 115 / 100 - 92,
    "a12": lambda: 4 * min(2000 // 300, 11 // 2),
    "a13": lambda: 60 * 330 / (70 + 95),
    "a14": lambda: _only(goats for goats in range(24) if 4 * goats + 2 * (23 - goats) == 62),
    "a15": lambda: sum(20 + 2 * row for row in range(18)),
    "a16": lambda: 9 + (185 - 60) * 8 / 100,
    "a17": lambda: 42 * 2 * 2 / 14,
    "a18": lambda: _only(start for start in range(0, 200, 2) if 2 * (start // 2 - 3) == 26),
    "a19": _simulate_lift,
    "a20": lambda: 6 * 25 - 5 * 24,
}


# --- logic: every order, or every way of being true or false, is tried; one answer may be left


def _orders(items: str) -> Any:
    """Every order of the items, as a dictionary from item to place, counted from 1."""
    names = items.split()
    return ({name: place for place, name in enumerate(order, 1)} for order in itertools.permutations(names))


def _liars(*said: Callable[..., bool]) -> Any:
    """Who tells the truth (True) or lies, in every way that agrees with what each person said."""
    ways = itertools.product([True, False], repeat=len(said))
    return (way for way in ways if all(says(*way) == truthful for says, truthful in zip(said, way, strict=True)))


def _silent(truthful: bool) -> Callable[..., bool]:
    return lambda *way: truthful


def _solve_table() -> str:
    def other_neighbour(seat: dict[str, int]) -> str:
        return next(name for name in seat if name != "Ada" and (seat[name] - seat["Bo"]) % 5 in (1, 4))

    def next_to(seat: dict[str, int], one: str, other: str) -> bool:
        return (seat[one] - seat[other]) % 5 in (1, 4)

    seats = (s for s in _orders("Ada Bo Cy Di Ed") if next_to(s, "Ada", "Bo") and next_to(s, "Ada", "Cy"))
    return _only(other_neighbour(seat) for seat in seats if not next_to(seat, "Di", "Bo"))


def _solve_boxes() -> str:
    said: list[Callable[[str], bool]] = [lambda k: k == "red", lambda k: k != "blue", lambda k: k != "red"]
    return _only(key for key in ("red", "blue", "green") if sum(says(key) for says in said) == 1)


def _solve_vase() -> str:
    def count_true(culprit: str) -> int:
        return sum([culprit == "Bea", culprit == "Dan", culprit != "Cas", culprit != "Dan"])

    return _only(child for child in ("Ali", "Bea", "Cas", "Dan") if count_true(child) == 1)


def _solve_quiet_third() -> str:
    found = set()
    for tam in (True, False):
        rae_says, sol_says = (lambda *w: not any(w)), (lambda *w: sum(w) == 1)
        found |= set(_liars(rae_says, sol_says, _silent(tam)))
    return _only(name for way in found for name, truthful in zip(("Rae", "Sol", "Tam"), way, strict=True) if truthful)


def _solve_drummer() -> str:
    people = itertools.product([True, False], repeat=3)  # baker, early riser, drummer
    doras = [p for p in people if (not p[0] or p[1]) and not (p[1] and p[2]) and p[2]]
    return "yes" if not any(baker for baker, _, _ in doras) else "no"


def _solve_roses() -> str:
    """A garden is any set of kinds of flower (rose, red, fading) in which each sort that is spoken of exists."""
    kinds = list(itertools.product([True, False], repeat=3))
    gardens = (set(g) for size in range(1, 9) for g in itertools.combinations(kinds, size))
    fitting = [
        garden
        for garden in gardens
        if any(rose for rose, _, _ in garden)
        and all(red for rose, red, _ in garden if rose)
        and any(red and fades for _, red, fades in garden)
    ]
    return "yes" if all(any(rose and fades for rose, _, fades in garden) for garden in fitting) else "no"


LOGIC: dict[str, Callable[[], Any]] = {
    "l01": lambda: _only(
        next(name for name, place in p.items() if place == 2)
        for p in _orders("Ana Ben Cleo Dirk")
        if p["Ana"] < p["Ben"] < p["Cleo"] and p["Dirk"] < p["Ana"]
    ),
    "l02": lambda: _only(
        p["blue"]
        for p in _orders("red green blue white")
        if p["green"] == p["red"] + 1 and p["blue"] in (1, 4) and p["white"] == 2
    ),
    "l03": _solve_boxes,
    "l04": lambda: _only("Pia" if pia else "Quentin" for pia, _ in _liars(lambda p, q: not q, lambda p, q: p == q)),
    "l05": _solve_table,
    "l06": lambda: _only(
        min(age, key=lambda name: age[name])
        for age in _orders("Kim Lou Max Noa")
        if age["Kim"] > age["Lou"] > age["Noa"] and age["Max"] < age["Noa"]
    ),
    "l07": lambda: _only(
        ("Ola", "Per", "Rut")[pets.index("cat")]
        for pets in itertools.permutations(["cat", "parrot", "tortoise"])
        if pets[0] not in ("cat", "parrot") and pets[1] != "cat"
    ),
    "l08": _solve_vase,
    "l09": lambda: _only(
        WEEK[p["physics"] - 1]
        for p in _orders("physics chemistry art music")
        if p["art"] == p["music"] + 1 and p["physics"] not in (1, 4) and p["chemistry"] < p["physics"]
    ),
    "l10": lambda: _only(
        next(name for name, place in p.items() if place == 4)
        for p in _orders("atlas diary guide novel cookbook dictionary")
        if p["guide"] == 1
        and p["diary"] == p["atlas"] - 1
        and p["atlas"] == 3
        and abs(p["atlas"] - p["cookbook"]) == 3
        and abs(p["novel"] - p["cookbook"]) != 1
    ),
    "l11": _solve_drummer,
    "l12": _solve_roses,
    "l13": lambda: _only(
        row[3]
        for row in itertools.permutations(range(1, 6))
        if row[2] == 5 and row[0] + row[1] == 3 and row[4] % 2 == 0 and row[0] > row[1]
    ),
    "l14": lambda: _only(
        drinks[0]
        for drinks in itertools.permutations(["tea", "milk", "water", "juice"])
        if not {"tea", "milk"} & set(drinks[:2]) and drinks[2] != "tea" and drinks[1] != "water"
    ),
    "l15": lambda: _only(
        100 * a + 10 * b + c
        for a, b, c in itertools.permutations(range(1, 5), 3)
        if a + b + c == 8 and b < min(a, c) and a > c
    ),
    "l16": _solve_quiet_third,
}


# --- dates: asked of the calendar


def _minutes(hours: str) -> int:
    return int(hours.split(":")[0]) * 60 + int(hours.split(":")[1])


DATES: dict[str, Callable[[], Any]] = {
    "d01": lambda: _minutes("19:45") + 138 + 20 - _minutes("22:00"),
    "d02": lambda: WEEK[(WEEK.index("Thursday") + 11) % 7],
    "d03": lambda: date(2025, 3, 10) + timedelta(days=45),
    "d04": lambda: date(2024, 2, 15) + timedelta(days=30),
    "d05": lambda: (date(2023, 3, 5) - date(2023, 1, 28)).days,
    "d06": lambda: 24 * 60 - _minutes("22:35") + _minutes("7:10"),
    "d07": lambda: WEEK[date(2022, 6, 1).weekday()],
    "d08": lambda: date(2023, 12, 20) + timedelta(weeks=4) + timedelta(weeks=2),
    "d09": lambda: 14 * 60 - 4 * (14 - 8) - 13 * 60,
    "d10": lambda: (datetime(2025, 7, 31, 20, 30) + timedelta(hours=17 - 9)).date(),
    "d11": lambda: date(2025, 1, 7) + timedelta(weeks=2) * 5,
    "d12": lambda: (5 * (_minutes("18:30") - _minutes("9:00")) + _minutes("15:30") - _minutes("10:00")) / 60,
    "d13": lambda: 2025 - 1941 - ((3, 1) < (11, 3)),
    "d14": lambda: next(t for t in itertools.count(_minutes("6:05"), 12) if t >= _minutes("7:20")) - _minutes("7:20"),
}


# --- code: run


def run_printed(problem: dict[str, str]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(problem["question"].split("\n\n", 1)[1], {})
    return printed.getvalue().rstrip("\n")


def work_out(problem: dict[str, str]) -> str:
    if problem["kind"] == "code":
        return run_printed(problem)
    answer = (ARITHMETIC | LOGIC | DATES)[problem["id"]]()
    if isinstance(answer, float):
        assert math.isclose(answer, round(answer)), "a problem whose answer is not whole"
        answer = round(answer)
    return str(answer)


@pytest.mark.parametrize("problem", PROBLEMS, ids=IDS)
def test_each_answer_comes_out_again_when_it_is_worked_out_by_code(problem: dict[str, str]):
    assert work_out(problem) == problem["answer"]


@pytest.mark.parametrize("problem", PROBLEMS, ids=IDS)
def test_each_question_asks_for_the_form_of_its_answer(problem: dict[str, str]):
    assert re.search(ASKS[problem["answer_type"]], problem["question"])
    if problem["answer_type"] == "integer":
        assert re.fullmatch(r"0|[1-9]\d*", problem["answer"])
    elif problem["answer_type"] == "date":
        assert date.fromisoformat(problem["answer"]).isoformat() == problem["answer"]
    else:
        assert re.fullmatch(r"[A-Za-z]+", problem["answer"])


def test_there_are_as_many_problems_of_each_kind_as_promised():
    assert Counter(problem["kind"] for problem in PROBLEMS) == COUNTS
    for kind, count in COUNTS.items():
        numbers = [problem["id"] for problem in PROBLEMS if problem["kind"] == kind]
        assert numbers == [f"{kind[0]}{n:02d}" for n in range(1, count + 1)]
    assert all(problem["note"] for problem in PROBLEMS)


def test_weekdays_and_dates_that_a_question_names_agree_with_the_calendar():
    months = {f"{date(2000, n, 1):%B}": n for n in range(1, 13)}
    named = re.compile(rf"(\d+) ({'|'.join(months)}) (\d{{4}})")
    found = 0
    for problem in PROBLEMS:
        for day, month, year in named.findall(problem["question"]):
            weekday = WEEK[date(int(year), months[month], int(day)).weekday()]
            stated = re.search(
                rf"({'|'.join(WEEK)}) {day} {month}|{day} {month} {year} was a ({'|'.join(WEEK)})", problem["question"]
            )
            if stated:
                found += 1
                assert (stated[1] or stated[2]) == weekday, problem["id"]
    assert found == 2


def test_no_two_questions_are_alike_even_with_other_numbers():
    def mask(problem: dict[str, str]) -> str:
        text = problem["question"].split("\n\n", 1)[-1].split(" Answer with")[0]
        return re.sub(r"\d+", "0", text)

    for one, other in itertools.combinations(PROBLEMS, 2):
        alike = difflib.SequenceMatcher(None, mask(one), mask(other))
        if alike.real_quick_ratio() > 0.75 and alike.quick_ratio() > 0.75:
            same = alike.ratio()
            assert same < 0.75 or {one["id"], other["id"]} == {"d03", "d04"}, (one["id"], other["id"], same)
