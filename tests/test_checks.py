"""Each exercise: untouched, plausible wrong answers with hints of their own, and the solution."""

from types import SimpleNamespace
from typing import Literal

import numpy as np
import pytest
from pydantic import create_model

from helpers import check, connect, solution
from helpers.costs import list_price
from helpers.errors import CourseError

USAGE = SimpleNamespace(prompt_tokens=20, completion_tokens=60, total_tokens=80)


class Replayed:
    """A client of a notebook's recordings, connected when first asked: what a reader may send must be among them."""

    def __init__(self, notebook):
        self._notebook = notebook

    @property
    def chat(self):
        return connect(self._notebook).chat


def renamed(request):
    """The limit under the name that reasoning models know."""
    return {name.replace("max_tokens", "max_completion_tokens"): value for name, value in request.items()}


TOPIC = "Explain in five sentences how a language model writes a text."
LIMITED = {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": TOPIC}]}
BUDGET = {"client": Replayed("00_start_here"), "model": "gpt-5.4-mini", "budget": 0.0002, "limits": [16, 64, 256]}
BUDGET["asked"] = SimpleNamespace(usage=SimpleNamespace(prompt_tokens=18))
BROKEN = {
    "model": "my-first-deployment",
    "max_tokens": 30,
    "messages": [{"role": "user", "content": "What is a quota? One sentence."}],
}

PASTED = "https://contoso.cognitiveservices.azure.com/openai/deployments/mini/chat/completions?api-version=2024-10-21"

BILL = {"mean_prompt": 50.5, "model": "gpt-4.1-nano", "messages": 100_000, "output_tokens": 2}
NANO_IN, NANO_OUT = (list_price("gpt-4.1-nano", item).usd for item in ("input", "output"))
DENSEST = {
    "sentences": {"long": "a" * 90, "short": "b" * 10, "cheap": "c" * 80},
    "tokens": {"long": 30, "short": 9, "cheap": 8},
}
INBOX = [{"label": "billing"}] * 4 + [{"label": "praise"}] * 2
RIGHT = [True, True, True, False, True, False]
ACCURACY = {"inbox": INBOX, "right": RIGHT}

RANKS = {"rankings": [["a", "b", "c", "d"], ["b", "a"], ["d"]], "relevant": [["c"], ["b"], ["a"]]}
MILLION = {"model": "text-embedding-3-large", "documents": 1_000_000, "tokens": 300, "dimensions": 1024}
LARGE_IN = list_price("text-embedding-3-large").usd
PAIRS = {"cosines": np.array([0.95, 0.904, 0.85, 0.8, 0.5]), "known": np.array([True, True, False, True, False])}


def place_of(ranked, wanted):
    return min((ranked.index(key) + 1 for key in wanted if key in ranked), default=0)


HIDDEN = {"prompt_tokens": 20, "completion_tokens": 1843, "reasoning_tokens": 448}
THINKING = {"model": "gpt-5.1", "requests": 50_000, "prompt": 300, "shown": 150, "hidden": 600}
GPT51_IN, GPT51_OUT = (list_price("gpt-5.1", item).usd for item in ("input", "output"))


def hits(label):
    return sum(right for row, right in zip(INBOX, RIGHT, strict=True) if row["label"] == label)


def rows(label):
    return sum(row["label"] == label for row in INBOX)


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS_TO_MAKE = {"stool": 6, "bench": 14}


def visit(**changed):
    """The model of 03.visit; changed: other types of its fields, or further ones."""
    return create_model("Visit", **({"day": Literal[DAYS], "time": str, "name": str | None} | changed))


# (exercise, what its cell hands over, the solution, {wrong answer's name: (wrong answer, a part of its hint)})
EXERCISES = [
    (
        "00.share",
        {"usage": USAGE},
        60 / 80,
        {
            "the prompt's share": (20 / 80, "prompt's share"),
            "divided by the prompt": (60 / 20, "divided by the prompt"),
            "in percent": (75, "not in percent"),
            "a guess": (0.5, "Divide the answer's tokens"),
            "a text": ("75 %", "A number was expected"),
        },
    ),
    (
        "00.budget",
        BUDGET,
        LIMITED | {"max_completion_tokens": 16},
        {
            "no dictionary": (64, "A dictionary was expected"),
            "no messages": ({"model": "gpt-5.4-mini"}, "needs messages"),
            "another model": (LIMITED | {"model": "gpt-4o"}, "the budget is for its prices"),
            "no limit": (LIMITED, "nobody knows what the call costs at most"),
            "the older name": (LIMITED | {"max_tokens": 64}, "the older name"),
            "the limit of section 7": (LIMITED | {"max_completion_tokens": 64}, "too much"),
            "too little": (LIMITED | {"max_completion_tokens": 8}, "so does a larger one"),
            "off the dial": (LIMITED | {"max_completion_tokens": 20}, "differs in max_completion_tokens"),
            "a temperature": (LIMITED | {"max_completion_tokens": 16, "temperature": 0}, "leave it out"),
            "a word of one's own": (LIMITED | {"max_completion_tokens": 16, "limit": 1}, "no parameter called limit"),
        },
    ),
    (
        "01.base_url",
        {"pasted": PASTED},
        "https://contoso.cognitiveservices.azure.com/openai/v1/",
        {
            "the resource alone": ("https://contoso.cognitiveservices.azure.com/", "That is the resource"),
            "the host of the course": ("https://contoso.openai.azure.com/openai/v1/", "Keep the host as it was sent"),
            "the dated API": (PASTED, "dated API"),
            "half the path": ("https://contoso.cognitiveservices.azure.com/openai/", "v1 goes on"),
            "another host": ("https://api.openai.com/v1", "Keep scheme and host"),
            "a number": (1, "A text was expected"),
        },
    ),
    (
        "01.request",
        {"client": Replayed("01_your_own_resource"), "broken": BROKEN},
        renamed(BROKEN) | {"model": "gpt-5.4-mini"},
        {
            "a text": ("gpt-5.4-mini", "A dictionary was expected"),
            "as it came": (BROKEN, "no deployment called my-first-deployment"),
            "the deployment alone": (BROKEN | {"model": "gpt-5.4-mini"}, "does not take max_tokens"),
            "the limit alone": (renamed(BROKEN), "called my-first-deployment. Try"),
            "other messages": (BROKEN | {"messages": [{"role": "user", "content": "Hi"}]}, "Keep the messages"),
            "without a limit": (
                {"model": "gpt-5.4-mini", "messages": BROKEN["messages"]},
                "Keep the limit, 30 tokens",
            ),
            "both limits": (BROKEN | {"max_completion_tokens": 30}, "two limits"),
            "another model": (renamed(BROKEN) | {"model": "gpt-4.1"}, "differs in model"),
            "another name": (renamed(BROKEN) | {"model": "our-chat"}, "The nearest one differs in model"),
        },
    ),
    (
        "02.bill",
        BILL,
        100_000 * (50.5 * NANO_IN + 2 * NANO_OUT) / 1e6,
        {
            "not per million": (100_000 * (50.5 * NANO_IN + 2 * NANO_OUT), "million times"),
            "one message": ((50.5 * NANO_IN + 2 * NANO_OUT) / 1e6, "one message"),
            "prompts alone": (100_000 * 50.5 * NANO_IN / 1e6, "answers are missing"),
            "one price for all": (100_000 * 52.5 * NANO_IN / 1e6, "price of its own"),
            "a guess": (1.0, "Cost = messages"),
        },
    ),
    (
        "02.densest",
        DENSEST,
        "Short",
        {
            "most tokens": ("long", "most tokens"),
            "the fewest": ("cheap", "fewest tokens"),
            "no such name": ("Latin", "Compute"),
            "a number": (0.9, "A name was expected"),
        },
    ),
    (
        "02.accuracy",
        ACCURACY,
        lambda label: hits(label) / rows(label),
        {
            "counts": (hits, "counts"),
            "by all": (lambda label: hits(label) / len(INBOX), "all messages"),
            "over all": (lambda label: sum(RIGHT) / len(RIGHT), "one label first"),
            "a guess": (lambda label: 0.11, "Take the values"),
            "no function": (0.75, "A function of one label"),
        },
    ),
    (
        "03.visit",
        {},
        visit(),
        {
            "any day": (visit(day=str), "takes 'someday'"),
            "six days": (visit(day=Literal[DAYS[:6]]), "missing from the list"),
            "capitals": (visit(day=Literal[tuple(day.title() for day in DAYS)]), "refuses a right visit"),
            "never null": (visit(name=str), "may be null"),
            "a default": (visit(name=(str | None, None)), "without a default"),
            "a number for the time": (visit(time=int | str), "time is a text"),
            "another field": (visit(wood=str), "Exactly three fields"),
            "an object": (visit()(day="monday", time="11:00", name=None), "A class was expected"),
        },
    ),
    (
        "03.told",
        {"days_to_make": DAYS_TO_MAKE},
        lambda product: f"{DAYS_TO_MAKE[product]} days" if product in [*DAYS_TO_MAKE] else f"error: no {product!r}",
        {
            "it raises": (lambda product: f"{DAYS_TO_MAKE[product]} days", "raises KeyError"),
            "nothing told": (
                lambda product: f"{DAYS_TO_MAKE[product]} days" if product in DAYS_TO_MAKE else None,
                "None",
            ),
            "no sign of an error": (lambda product: f"{DAYS_TO_MAKE.get(product, 'no')} days", "does not begin"),
            "no name": (
                lambda product: f"{DAYS_TO_MAKE[product]}" if product in DAYS_TO_MAKE else "error",
                "should name",
            ),
            "a number": (DAYS_TO_MAKE.get, "gives int"),
            "it fails": (lambda product: "days: " + DAYS_TO_MAKE[product], "fails, though"),
            "another number": (lambda product: "error: 1", "should give the number"),
            "no function": ("6 days", "A function of one product"),
        },
    ),
    (
        "04.hidden",
        HIDDEN,
        448 / 1843,
        {
            "in percent": (100 * 448 / 1843, "not a percentage"),
            "counted twice": (448 / (1843 + 448), "Counted twice"),
            "to what is shown": (448 / (1843 - 448), "hidden to shown"),
            "of all tokens": (448 / 1863, "prompt out"),
            "what is shown": (1 - 448 / 1843, "share that was shown"),
            "a guess": (0.5, "Divide usage.reasoning_tokens"),
        },
    ),
    (
        "04.needs_room",
        {},
        lambda answer: answer.choices[0].finish_reason == "length" and not answer.choices[0].message.content,
        {
            "the finish reason alone": (lambda answer: answer.choices[0].finish_reason == "length", "in the middle"),
            "the text alone": (lambda answer: not answer.choices[0].message.content, "content filter"),
            "compared with the empty text": (
                lambda answer: (answer.choices[0].finish_reason, answer.choices[0].message.content) == ("length", ""),
                "without content",
            ),
            "it fails": (lambda answer: answer.text, "It fails on"),
            "nothing comes back": (lambda answer: None, "return"),
            "no function": (True, "A function of one answer"),
        },
    ),
    (
        "04.bill",
        THINKING,
        50_000 * (300 * GPT51_IN + 750 * GPT51_OUT) / 1e6,
        {
            "not per million": (50_000 * (300 * GPT51_IN + 750 * GPT51_OUT), "million times"),
            "one request": ((300 * GPT51_IN + 750 * GPT51_OUT) / 1e6, "one request"),
            "what is shown": (50_000 * (300 * GPT51_IN + 150 * GPT51_OUT) / 1e6, "hidden tokens are missing"),
            "hidden as input": (50_000 * (900 * GPT51_IN + 150 * GPT51_OUT) / 1e6, "output, not input"),
            "the prompt left out": (50_000 * 750 * GPT51_OUT / 1e6, "prompt is missing"),
            "what is shown left out": (50_000 * (300 * GPT51_IN + 600 * GPT51_OUT) / 1e6, "shown tokens are missing"),
            "in cents": (50_000 * (300 * GPT51_IN + 750 * GPT51_OUT) / 1e4, "cents"),
            "a guess": (1.0, "Price the input"),
        },
    ),
    (
        "06.reciprocal_rank",
        RANKS,
        lambda ranked, wanted: 1 / place_of(ranked, wanted) if place_of(ranked, wanted) else 0,
        {
            "places": (place_of, "Divide 1"),
            "counted from 0": (lambda ranked, wanted: 1 / (place_of(ranked, wanted) - 1), "stops where"),
            "one too far": (lambda r, w: 1 / (place_of(r, w) + 1) if place_of(r, w) else 0, "not as 2"),
            "the first wanted one": (lambda r, w: 1 / (r.index(w[0]) + 1) if w[0] in r else 0, "stands first"),
            "nothing returned": (lambda ranked, wanted: None, "returns nothing"),
            "one argument": (lambda ranked: 1.0, "two arguments"),
            "a guess": (lambda ranked, wanted: 0.25, "Go through the list"),
            "no function": (0.5, "A function was expected"),
        },
    ),
    (
        "06.index",
        MILLION,
        (4.096, 300 * LARGE_IN),
        {
            "swapped": ((300 * LARGE_IN, 4.096), "swapped"),
            "one byte": ((1.024, 300 * LARGE_IN), "4 bytes"),
            "full length": ((12.288, 300 * LARGE_IN), "full length"),
            "in bytes": ((4.096e9, 300 * LARGE_IN), "GB = documents"),
            "not per million": ((4.096, 300e6 * LARGE_IN), "not for one"),
            "cheaper when shorter": ((4.096, 100 * LARGE_IN), "does not fall"),
            "the smaller model": ((4.096, 300 * list_price("text-embedding-3-small").usd), "smaller model"),
            "in GiB": ((4.096e9 / 2**30, 300 * LARGE_IN), "GiB"),
            "a guess at the price": ((4.096, 1.0), "Dollars = documents"),
            "one number": (4.096, "Two numbers"),
        },
    ),
    (
        "06.threshold",
        PAIRS,
        0.8,
        {
            "too low": (0.3, "Too low"),
            "too high": (0.93, "Too high"),
            "no cosine": (1.2, "No cosine"),
            "more than two decimals": (0.805, "two decimals"),
            "a text": ("0.8", "A number was expected"),
        },
    ),
]
WRONG = [(name, given, *case) for name, given, _, wrong in EXERCISES for case in wrong.items()]


@pytest.mark.parametrize(("name", "given"), [(name, given) for name, given, _, _ in EXERCISES])
@pytest.mark.parametrize("untouched", [None, ...])
def test_an_untouched_exercise_is_not_answered_yet(name, given, untouched, capsys):
    check(name, untouched, **given)
    assert capsys.readouterr().out == f"{name}: not answered yet\n"


@pytest.mark.parametrize(("name", "given", "solution"), [exercise[:3] for exercise in EXERCISES])
def test_a_solution_is_right(name, given, solution, capsys):
    check(name, solution, **given)
    assert capsys.readouterr().out.startswith(f"{name}: right. ")


@pytest.mark.parametrize(("name", "given", "why", "case"), WRONG, ids=[f"{row[0]}-{row[2]}" for row in WRONG])
def test_a_wrong_answer_gets_the_hint_for_its_mistake(name, given, why, case, capsys):
    answer, hint = case
    check(name, answer, **given)
    out = " ".join(capsys.readouterr().out.split())  # broken lines joined
    assert out.startswith(f"{name}: not yet. ") and hint in out


@pytest.mark.parametrize("name", sorted({row[0] for row in EXERCISES}))
def test_hints_tell_mistakes_apart(name):
    hints = [case[1] for row, _, _, case in WRONG if row == name]
    assert len(set(hints)) == len(hints) >= 2


@pytest.mark.parametrize("name", ["00.shore", "77.nothing", "nonsense"])
def test_an_unknown_exercise_says_so(name):
    with pytest.raises(CourseError, match="there is no exercise"):
        check(name, 1)


def test_a_share_may_be_rounded_to_two_decimals(capsys):
    check("04.hidden", 0.24, **HIDDEN)
    assert capsys.readouterr().out.startswith("04.hidden: right.")
    check("04.hidden", 24, **HIDDEN)
    assert "not a percentage" in capsys.readouterr().out


def test_an_empty_answer_may_be_told_by_its_tokens_too(capsys):
    def needs_room(answer):
        details = answer.usage.completion_tokens_details
        return details.reasoning_tokens == answer.usage.completion_tokens

    check("04.needs_room", needs_room)
    assert capsys.readouterr().out.startswith("04.needs_room: right.")


def test_a_wrong_try_says_how_to_see_a_solution_and_a_right_one_does_not(capsys):
    check("00.share", 0.5, usage=USAGE)
    assert 'check("00.share", show_solution=True)' in capsys.readouterr().out
    check("00.share", 0.75, usage=USAGE)
    assert "show_solution" not in capsys.readouterr().out


@pytest.mark.parametrize("name", [row[0] for row in EXERCISES])
def test_every_exercise_shows_a_solution_of_its_own_when_asked(name, capsys):
    solution(name)
    shown = capsys.readouterr().out
    assert shown.startswith(f"A solution, from notebooks/solutions/{name[:2]}_")
    assert [row[0] for row in EXERCISES if f'"{row[0]}"' in shown] == [name]
    assert "def " in shown or " = " in shown or "class " in shown


def test_a_solution_comes_with_its_explanation_and_all_its_cells(capsys):
    solution("02.densest")
    shown = capsys.readouterr().out
    assert "**2.** Tokens for each character" in shown and "sentences = {" in shown and "def count(text)" in shown


def test_asking_for_the_solution_needs_no_answer_and_hides_no_hint(capsys):
    check("00.share", show_solution=True)
    assert "not answered yet\nA solution" in capsys.readouterr().out
    check("00.share", 0.5, usage=USAGE, show_solution=True)
    shown = capsys.readouterr().out
    assert "not yet. " in shown and "A solution" in shown and "show_solution" not in shown


@pytest.mark.parametrize("name", ["00.shore", "77.nothing"])
def test_an_unknown_exercise_has_no_solution(name):
    with pytest.raises(CourseError, match="there is no exercise"):
        solution(name)


@pytest.mark.parametrize(("share", "is_right"), [(0.72, True), (0.7246, True), (0.73, False), (0.7, False)])
def test_a_share_may_be_rounded_to_two_digits(share, is_right, capsys):
    check("00.share", share, usage=SimpleNamespace(prompt_tokens=19, completion_tokens=50, total_tokens=69))
    assert ("00.share: right." in capsys.readouterr().out) == is_right
