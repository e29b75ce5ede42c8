"""Draw data/texts/problems.csv: families of small problems with fresh numbers, each answer worked out as it is drawn.

    python -m tests.make_problems        # writes the file again, the same to the letter

A family is one kind of story; a seed draws its numbers. tests/test_problems.py works every answer out a second time
from the question alone. data/README.md says how the families were chosen.
"""

import csv
import sys
from collections.abc import Callable
from random import Random
from typing import Any

from helpers.settings import ROOT

__all__ = ["FAMILIES", "ROUNDS", "calibration_questions", "draw_problems"]

NUMBER, NAME, DAY, WORD = "a number", "one name", "the name of the day", "the one word that is printed"
_PEOPLE = ["Ana", "Ben", "Cleo", "Dirk", "Eva", "Finn", "Gita", "Hugo", "Ines", "Jonas", "Kim", "Lena"]
_WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_WORDS = [
    "banana", "cheese", "committee", "engineer", "reference", "success", "balloon", "address", "tomorrow",
    "coffee", "occurrence", "assess", "element", "college", "letter", "bookkeeper", "excellent", "referee",
]  # fmt: skip
_PRINT = "What does this Python program print?"

Drawn = tuple[str, Any, str]  # question, answer, what is asked for


def discount(r: Random) -> Drawn:
    price, off = 20 * r.randint(3, 14), 5 * r.randint(2, 9)
    return (
        f"A coat costs {price} euros. Today it is {off} per cent cheaper. How many euros does it cost today?",
        price * (100 - off) // 100,
        NUMBER,
    )


def bus(r: Random) -> Drawn:
    a, out, on = r.randint(21, 48), r.randint(4, 15), r.randint(4, 15)
    return (
        f"{a} people sit in a bus. At a stop {out} get off and {on} get on. How many people are in the bus now?",
        a - out + on,
        NUMBER,
    )


def letters(r: Random) -> Drawn:
    word = r.choice(_WORDS)
    letter = max(sorted(set(word)), key=word.count)
    return f"How many times does the letter {letter} occur in the word {word}?", word.count(letter), NUMBER


def above(r: Random) -> Drawn:
    numbers = [r.randint(10, 99) for _ in range(5)]
    return (
        f"How many of these numbers are greater than 50: {', '.join(map(str, numbers))}?",
        sum(n > 50 for n in numbers),
        NUMBER,
    )


def older(r: Random) -> Drawn:
    a, b, c = r.sample(_PEOPLE, 3)
    n = r.randint(20, 60)
    m, k = r.randint(2, 9), r.randint(2, 9)
    while k == m:
        k = r.randint(2, 9)
    text = f"{a} is {n} years old. {b} is {m} years older than {a}. {c} is {k} years older than {a}. Who is the oldest?"
    return text, b if m > k else c, NAME


def second(r: Random) -> Drawn:
    a, b, c = r.sample(_PEOPLE, 3)
    said = [f"{a} arrived before {b}.", f"{c} arrived after {b}."]
    r.shuffle(said)
    return f"{' '.join(said)} Who arrived second?", b, NAME


def weekday_near(r: Random) -> Drawn:
    today, days = r.randrange(7), r.randint(3, 6)
    way = r.choice(["in", "ago"])
    text = (
        f"Which day of the week is it in {days} days?"
        if way == "in"
        else f"Which day of the week was it {days} days ago?"
    )
    return f"Today is {_WEEK[today]}. {text}", _WEEK[(today + (days if way == "in" else -days)) % 7], DAY


def tomorrow(r: Random) -> Drawn:
    today = r.randrange(7)
    name, shift = r.choice([("the day after tomorrow", 2), ("in three days", 3), ("in four days", 4)])
    when = f"it {name}" if shift > 2 else f"{name}"
    return f"Today is {_WEEK[today]}. Which day of the week is {when}?", _WEEK[(today + shift) % 7], DAY


def length(r: Random) -> Drawn:
    word = r.choice(
        [
            "garden",
            "window",
            "planets",
            "silver",
            "marketing",
            "bridge",
            "oranges",
            "summertime",
            "winter",
            "pocketbook",
            "university",
        ]
    )
    return f'{_PRINT}\n\nprint(len("{word}"))', len(word), NUMBER


def loop(r: Random) -> Drawn:
    low, n = r.randint(2, 6), r.randint(3, 5)
    code = f"total = 0\nfor n in range({low}, {low + n}):\n    total += n\nprint(total)"
    return f"{_PRINT}\n\n{code}", sum(range(low, low + n)), NUMBER


FAMILIES: dict[str, list[Callable[[Random], Drawn]]] = {
    "arithmetic": [discount, bus],
    "counting": [letters, above],
    "logic": [older, second],
    "dates": [weekday_near, tomorrow],
    "code": [length, loop],
}
ROUNDS = 3  # in each round, one problem of every family
_CALIBRATION = 5  # of every family, on which families were chosen: never in the file


def draw_problems() -> list[dict[str, str]]:
    """The rows of problems.csv, round by round; the same in every run."""
    problems: list[dict[str, str]] = []
    seen = calibration_questions()
    for number in range(1, ROUNDS + 1):
        for kind, families in FAMILIES.items():
            for family in families:
                question, answer, asked_for = _draw_new(family, number, seen)
                seen.add(ask_in_full(question, answer, asked_for))
                problems.append(
                    {
                        "id": f"{family.__name__}_{number}",
                        "kind": kind,
                        "question": ask_in_full(question, answer, asked_for),
                        "answer": str(answer),
                        "answer_type": "integer" if asked_for == NUMBER else "word",
                        "choices": " ".join(_list_choices(question, asked_for)),
                    }
                )
    return problems


def calibration_questions() -> set[str]:
    """What was asked of the engine before, to choose the families: no problem of the file is one of these."""
    families = [family for of_kind in FAMILIES.values() for family in of_kind]
    seeds = [
        (family, f"calibration {family.__name__} {number}") for family in families for number in range(_CALIBRATION)
    ]
    return {ask_in_full(*family(Random(seed))) for family, seed in seeds}


def ask_in_full(question: str, _: Any, asked_for: str) -> str:
    """The question, what is asked for, and then the program where it has one."""
    told, _, program = question.partition("\n\n")
    return f"{told} Answer with {asked_for}." + (f"\n\n{program}" if program else "")


def _list_choices(question: str, asked_for: str) -> list[str]:
    """The words that a word has to be one of: a text may say more than the answer."""
    if asked_for == NAME:
        return [name for name in _PEOPLE if name in question]
    return _WEEK if asked_for == DAY else []


def _draw_new(family: Callable[[Random], Drawn], number: int, seen: set[str]) -> Drawn:
    for attempt in range(100):
        drawn = family(Random(f"problem {family.__name__} {number} {attempt}"))
        if ask_in_full(*drawn) not in seen:
            return drawn
    raise RuntimeError(f"{family.__name__} has no new problem")


def main() -> int:
    with (ROOT / "data" / "texts" / "problems.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, ["id", "kind", "question", "answer", "answer_type", "choices"], lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(draw_problems())
    return 0


if __name__ == "__main__":
    sys.exit(main())
