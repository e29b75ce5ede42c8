"""Draw data/texts/problems.csv: families of small problems with fresh numbers, each answer worked out where it is drawn.

    python -m tests.make_problems        # writes the file again, the same to the letter

A family is one kind of story; a seed draws its numbers. tests/test_problems.py works every answer out a second time
from the question alone. data/README.md says how the families were chosen.
"""

import csv
import sys
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from helpers.settings import ROOT

__all__ = ["FAMILIES", "draw_problems"]

NUMBER, NAME, DAY, WORD = "a number", "one name", "the name of the day", "the one word that is printed"
_PEOPLE = ["Ana", "Ben", "Cleo", "Dirk", "Eva", "Finn", "Gita", "Hugo", "Ines", "Jonas", "Kim", "Lena"]
_WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_WORDS = [
    "banana", "cheese", "committee", "engineer", "reference", "success", "balloon", "address", "tomorrow",
    "coffee", "occurrence", "assess", "element", "college", "letter", "bookkeeper", "excellent", "referee",
]  # fmt: skip
_PRINT = "What does this Python program print?"

Drawn = tuple[str, Any, str]  # question, answer, what is asked for


# arithmetic


def boxes(r: Random) -> Drawn:
    each, count, gone = r.randint(12, 29), r.randint(4, 9), r.randint(11, 38)
    text = f"A box holds {each} pens. {r.choice(_PEOPLE)} buys {count} boxes and gives away {gone} pens. How many pens are left?"
    return text, each * count - gone, NUMBER


def discount(r: Random) -> Drawn:
    price, off = 20 * r.randint(3, 14), 5 * r.randint(2, 9)
    return f"A coat costs {price} euros. Today it is {off} per cent cheaper. How many euros does it cost today?", price * (100 - off) // 100, NUMBER


def change(r: Random) -> Drawn:
    n, price = r.randint(3, 8), r.randint(6, 12)
    m, other = r.randint(2, 4), r.randint(3, 9)
    text = f"{r.choice(_PEOPLE)} buys {n} tickets at {price} euros and {m} drinks at {other} euros, and pays with 200 euros. How many euros come back?"
    return text, 200 - n * price - m * other, NUMBER


def sharing(r: Random) -> Drawn:
    children, each = r.randint(4, 9), r.randint(7, 19)
    first = r.randint(15, children * each - 10)
    text = f"Two bags hold {first} and {children * each - first} sweets. {children} children share them all equally. How many sweets does each child get?"
    return text, each, NUMBER


def saving(r: Random) -> Drawn:
    start, week, weeks, spent = r.randint(20, 90), r.randint(6, 18), r.randint(3, 9), r.randint(10, 45)
    text = f"{r.choice(_PEOPLE)} has {start} euros, saves {week} euros a week for {weeks} weeks and then spends {spent} euros. How many euros are left?"
    return text, start + week * weeks - spent, NUMBER


# counting


def letters(r: Random) -> Drawn:
    word = r.choice(_WORDS)
    letter = max(sorted(set(word)), key=word.count)
    return f"How many times does the letter {letter} occur in the word {word}?", word.count(letter), NUMBER


def multiples(r: Random) -> Drawn:
    step, low = r.randint(3, 8), r.randint(5, 20)
    high = low + r.randint(15, 40)
    return f"How many whole numbers from {low} to {high}, both counted, can be divided by {step}?", sum(n % step == 0 for n in range(low, high + 1)), NUMBER


def larger(r: Random) -> Drawn:
    numbers = [r.randint(10, 99) for _ in range(8)]
    limit = sorted(numbers)[r.randint(2, 5)]
    return f"How many of these numbers are greater than {limit}: {', '.join(map(str, numbers))}?", sum(n > limit for n in numbers), NUMBER


def both(r: Random) -> Drawn:
    a, b, c = r.randint(8, 17), r.randint(8, 17), r.randint(2, 7)
    text = f"In a class {a} children play football, {b} play chess, and {c} of these play both. Every child plays at least one. How many children are in the class?"
    return text, a + b - c, NUMBER


# logic


def heights(r: Random) -> Drawn:
    a, b, c, d = r.sample(_PEOPLE, 4)
    said = [f"{a} is taller than {b}.", f"{c} is shorter than {b}.", f"{d} is shorter than {c}."]
    r.shuffle(said)
    word, answer = r.choice([("tallest", a), ("shortest", d)])
    return f"{' '.join(said)} Who is the {word}?", answer, NAME


def second(r: Random) -> Drawn:
    a, b, c = r.sample(_PEOPLE, 3)
    said = [f"{a} arrived before {b}.", f"{c} arrived after {b}."]
    r.shuffle(said)
    return f"{' '.join(said)} Who arrived second?", b, NAME


def race(r: Random) -> Drawn:
    a, b, c, d = r.sample(_PEOPLE, 4)
    said = [f"{a} arrived before {b}.", f"{c} arrived after {b}.", f"{d} arrived before {a}."]
    r.shuffle(said)
    place, answer = r.choice([("second", a), ("third", b)])
    return f"{' '.join(said)} Who arrived {place}?", answer, NAME


def pets(r: Random) -> Drawn:
    a, b, c = r.sample(_PEOPLE, 3)
    x, y, z = r.sample(["cat", "dog", "parrot", "rabbit", "hamster"], 3)
    # a has x, b has y, c has z
    said = [f"{a} has neither the {y} nor the {z}.", f"{b} does not have the {z}."]
    r.shuffle(said)
    names = ", ".join(sorted([a, b])) + f" and {c}" if False else f"{', '.join(sorted([a, b, c])[:2])} and {sorted([a, b, c])[2]}"
    animals = sorted([x, y, z])
    wanted, answer = r.choice([(y, b), (z, c)])
    text = f"{names} each have one pet: a {animals[0]}, a {animals[1]} and a {animals[2]}. {' '.join(said)} Who has the {wanted}?"
    return text, answer, NAME


def row(r: Random) -> Drawn:
    a, b, c, d = r.sample(_PEOPLE, 4)
    side = {"left": "right", "right": "left"}
    left = r.choice(["left", "right"])
    said = [f"{a} sits directly to the {left} of {b}.", f"{c} sits directly to the {side[left]} of {b}.", f"{d} sits directly to the {side[left]} of {c}."]
    end = r.choice(["left", "right"])
    answer = a if end == left else d
    return f"Four people sit in a row. {' '.join(said)} Who sits at the {end} end?", answer, NAME


# dates and times


def weekday(r: Random) -> Drawn:
    today, days = r.randrange(7), r.randint(8, 26)
    return f"Today is {_WEEK[today]}. Which day of the week is it in {days} days?", _WEEK[(today + days) % 7], DAY


def weekday_near(r: Random) -> Drawn:
    today, days = r.randrange(7), r.randint(3, 6)
    way = r.choice(["in", "ago"])
    text = f"Which day of the week is it in {days} days?" if way == "in" else f"Which day of the week was it {days} days ago?"
    return f"Today is {_WEEK[today]}. {text}", _WEEK[(today + (days if way == "in" else -days)) % 7], DAY


def travel(r: Random) -> Drawn:
    start, takes = 60 * r.randint(6, 18) + 5 * r.randint(0, 11), 5 * r.randint(9, 40)
    end = start + takes
    return f"A train leaves at {start // 60:02}:{start % 60:02} and arrives at {end // 60:02}:{end % 60:02}. How many minutes does it take?", takes, NUMBER


def days_between(r: Random) -> Drawn:
    start = date(2025, r.randint(1, 11), r.randint(5, 26))
    end = start + timedelta(days=r.randint(12, 40))
    return f"How many days pass from {start.day} {start:%B} {start.year} to {end.day} {end:%B} {end.year}?", (end - start).days, NUMBER


def age(r: Random) -> Drawn:
    born, year, later = r.randint(1950, 1999), r.randint(2005, 2024), r.randint(6, 30)
    return f"{r.choice(_PEOPLE)} was born on 1 January {born}. How old will they be {later} years after 1 January {year}?", year + later - born, NUMBER


def shop(r: Random) -> Drawn:
    start, end, days, pause = r.randint(7, 10), r.randint(15, 20), r.randint(3, 6), r.randint(1, 2)
    text = f"A shop is open from {start}:00 to {end}:00 on {days} days a week, and closes for {pause} hour{'s' * (pause > 1)} at noon. How many hours a week is it open?"
    return text, (end - start - pause) * days, NUMBER


# code


def assign(r: Random) -> Drawn:
    x, k, d = r.randint(3, 9), r.randint(2, 6), r.randint(2, 9)
    code = f"x = {x}\ny = x * {k}\nx = y - {d}\nprint(x + y)"
    return f"{_PRINT}\n\n{code}", x * k - d + x * k, NUMBER


def loop(r: Random) -> Drawn:
    low, n = r.randint(2, 6), r.randint(3, 5)
    code = f"total = 0\nfor n in range({low}, {low + n}):\n    total += n\nprint(total)"
    return f"{_PRINT}\n\n{code}", sum(range(low, low + n)), NUMBER


def piece(r: Random) -> Drawn:
    word = r.choice(["garden", "window", "planet", "silver", "market", "bridge", "orange", "summer", "winter", "pocket"])
    low = r.randint(1, 3)
    high = low + r.randint(2, 3)
    return f'{_PRINT}\n\nprint("{word}"[{low}:{high}])', word[low:high], WORD


def kept(r: Random) -> Drawn:
    numbers, limit = [r.randint(1, 20) for _ in range(6)], r.randint(6, 12)
    code = f"numbers = {numbers}\nprint(sum(n for n in numbers if n > {limit}))"
    return f"{_PRINT}\n\n{code}", sum(n for n in numbers if n > limit), NUMBER


def branch(r: Random) -> Drawn:
    n, k = r.randint(5, 30), r.randint(2, 4)
    a, b = r.randint(2, 9), r.randint(2, 5)
    code = f"n = {n}\nif n % {k} == 0:\n    n = n + {a}\nelse:\n    n = n * {b}\nprint(n)"
    return f"{_PRINT}\n\n{code}", n + a if n % k == 0 else n * b, NUMBER


def halving(r: Random) -> Drawn:
    n = r.randint(20, 90)
    code = f"n = {n}\nsteps = 0\nwhile n > 1:\n    n = n // 2\n    steps += 1\nprint(steps)"
    return f"{_PRINT}\n\n{code}", n.bit_length() - 1, NUMBER


FAMILIES: dict[str, list[Callable[[Random], Drawn]]] = {
    "arithmetic": [boxes, discount, change, sharing, saving],
    "counting": [letters, multiples, larger, both],
    "logic": [heights, second, race, pets, row],
    "dates": [weekday, weekday_near, travel, days_between, age, shop],
    "code": [assign, loop, piece, kept, branch, halving],
}


# easier


def two_small(r: Random) -> Drawn:
    each, count, gone = r.randint(3, 9), r.randint(3, 9), r.randint(2, 8)
    text = f"A box holds {each} pens. {r.choice(_PEOPLE)} buys {count} boxes and gives away {gone} pens. How many pens are left?"
    return text, each * count - gone, NUMBER


def change_small(r: Random) -> Drawn:
    n, price = r.randint(2, 6), r.randint(3, 9)
    note = next(m for m in (20, 50, 100) if m > n * price)
    return f"{r.choice(_PEOPLE)} buys {n} tickets at {price} euros each and pays with {note} euros. How many euros come back?", note - n * price, NUMBER


def bus(r: Random) -> Drawn:
    a, out, on = r.randint(21, 48), r.randint(4, 15), r.randint(4, 15)
    return f"{a} people sit in a bus. At a stop {out} get off and {on} get on. How many people are in the bus now?", a - out + on, NUMBER


def fraction(r: Random) -> Drawn:
    part, name = r.choice([(2, "half"), (3, "a third"), (4, "a quarter")])
    n, gone = part * r.randint(6, 20), r.randint(2, 5)
    return f"A shelf holds {n} books. {name[0].upper() + name[1:]} of them are novels, and {gone} of the novels are lent out. How many novels are on the shelf?", n // part - gone, NUMBER


def percent(r: Random) -> Drawn:
    n, off = 20 * r.randint(2, 12), r.choice([10, 20, 25, 30, 40, 60, 75])
    return f"{n} people were asked, and {off} per cent of them said yes. How many people said yes?", n * off // 100, NUMBER


def vowels(r: Random) -> Drawn:
    words = r.sample(["apple", "tree", "house", "river", "stone", "bread", "music", "paper", "ocean", "table", "green", "piano"], 1)
    return f"How many vowels (a, e, i, o, u) has the word {words[0]}?", sum(ch in "aeiou" for ch in words[0]), NUMBER


def evens(r: Random) -> Drawn:
    numbers = [r.randint(1, 30) for _ in range(5)]
    return f"How many of these numbers are even: {', '.join(map(str, numbers))}?", sum(n % 2 == 0 for n in numbers), NUMBER


def above(r: Random) -> Drawn:
    numbers = [r.randint(10, 99) for _ in range(5)]
    return f"How many of these numbers are greater than 50: {', '.join(map(str, numbers))}?", sum(n > 50 for n in numbers), NUMBER


def animals(r: Random) -> Drawn:
    cats, birds = r.randint(2, 6), r.randint(2, 6)
    return f"{cats} cats and {birds} birds are in a garden. How many legs have they together?", 4 * cats + 2 * birds, NUMBER


def three(r: Random) -> Drawn:
    a, b, c = r.sample(_PEOPLE, 3)
    said = [f"{a} is taller than {b}.", f"{c} is shorter than {b}."]
    r.shuffle(said)
    word, answer = r.choice([("tallest", a), ("shortest", c)])
    return f"{' '.join(said)} Who is the {word}?", answer, NAME


def older(r: Random) -> Drawn:
    a, b, c = r.sample(_PEOPLE, 3)
    n = r.randint(20, 60)
    m, k = r.randint(2, 9), r.randint(2, 9)
    while k == m:
        k = r.randint(2, 9)
    text = f"{a} is {n} years old. {b} is {m} years older than {a}. {c} is {k} years older than {a}. Who is the oldest?"
    return text, b if m > k else c, NAME


def most(r: Random) -> Drawn:
    a, b, c = r.sample(_PEOPLE, 3)
    n, m, k = r.randint(10, 30), r.randint(2, 9), r.randint(2, 9)
    text = f"{a} has {n} stamps. {b} has {m} fewer than {a}. {c} has {k} more than {b}. How many stamps has {c}?"
    return text, n - m + k, NUMBER


def tomorrow(r: Random) -> Drawn:
    today = r.randrange(7)
    name, shift = r.choice([("the day after tomorrow", 2), ("in three days", 3), ("in four days", 4)])
    when = f"it {name}" if shift > 2 else f"{name}"
    return f"Today is {_WEEK[today]}. Which day of the week is {when}?", _WEEK[(today + shift) % 7], DAY


def hour(r: Random) -> Drawn:
    start, end = r.randint(2, 5) * 5, r.randint(7, 11) * 5
    h = r.randint(7, 20)
    return f"A film begins at {h}:{start:02} and ends at {h + 1}:{end:02}. How many minutes does it last?", 60 + end - start, NUMBER


def within_month(r: Random) -> Drawn:
    month = r.choice(["March", "May", "June", "August", "October"])
    a = r.randint(2, 12)
    b = a + r.randint(5, 17)
    return f"How many days pass from {a} {month} to {b} {month}?", b - a, NUMBER


def week_later(r: Random) -> Drawn:
    today = r.randrange(7)
    weeks, extra = r.randint(1, 3), r.randint(1, 2)
    days = 7 * weeks + extra
    return f"Today is {_WEEK[today]}. Which day of the week is it in {days} days?", _WEEK[(today + days) % 7], DAY


def century(r: Random) -> Drawn:
    born, year = r.randint(1950, 1995), r.randint(2001, 2024)
    return f"{r.choice(_PEOPLE)} was born on 1 January {born}. How many years old were they on 2 January {year}?", year - born, NUMBER


def expression(r: Random) -> Drawn:
    a, b, c = r.randint(2, 9), r.randint(2, 9), r.randint(2, 9)
    return f"{_PRINT}\n\nprint({a} + {b} * {c})", a + b * c, NUMBER


def length(r: Random) -> Drawn:
    word = r.choice(["garden", "window", "planets", "silver", "marketing", "bridge", "oranges", "summertime", "winter", "pocketbook", "university"])
    return f'{_PRINT}\n\nprint(len("{word}"))', len(word), NUMBER


def biggest(r: Random) -> Drawn:
    numbers = [r.randint(10, 99) for _ in range(5)]
    f = r.choice([max, min])
    g = r.choice([max, min])
    return f"{_PRINT}\n\nnumbers = {numbers}\nprint(max(numbers) - min(numbers))", max(numbers) - min(numbers), NUMBER


def short_loop(r: Random) -> Drawn:
    n = r.randint(3, 6)
    return f"{_PRINT}\n\ntotal = 0\nfor n in range({n}):\n    total += n\nprint(total)", sum(range(n)), NUMBER


def index(r: Random) -> Drawn:
    numbers = [r.randint(2, 30) for _ in range(5)]
    i = r.randint(1, 3)
    j = r.randint(0, 4)
    return f"{_PRINT}\n\nnumbers = {numbers}\nprint(numbers[{i}] + numbers[{j}])", numbers[i] + numbers[j], NUMBER


def small_if(r: Random) -> Drawn:
    n, k = r.randint(3, 20), r.randint(5, 15)
    return f"{_PRINT}\n\nn = {n}\nif n > {k}:\n    n = n - {k}\nelse:\n    n = n + {k}\nprint(n)", n - k if n > k else n + k, NUMBER


def swap(r: Random) -> Drawn:
    a, b = r.randint(2, 20), r.randint(2, 20)
    k = r.randint(2, 5)
    return f"{_PRINT}\n\na = {a}\nb = {b}\na, b = b, a + {k}\nprint(b)", a + k, NUMBER


FAMILIES = {
    "arithmetic": [boxes, discount, two_small, change_small, bus, fraction, percent],
    "counting": [letters, multiples, vowels, evens, above, animals],
    "logic": [heights, second, race, pets, three, older, most],
    "dates": [weekday_near, days_between, tomorrow, hour, within_month, week_later, century],
    "code": [loop, expression, length, biggest, short_loop, index, small_if, swap],
}
