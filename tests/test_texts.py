"""data/texts for notebook 03: what is known of each e-mail, request and note can be read out of it."""

import csv
import itertools
import json
import re
import unicodedata
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from helpers.settings import ROOT
from tests.small_words import guess_language

TEXTS = ROOT / "data" / "texts"
OURS = ["problems.csv", "emails.json", "tool_requests.json", "product_notes.csv", "corpus.csv", "questions.csv"]
OURS += ["handbook.txt", "handbook_questions.csv"]

MAILS: dict[str, Any] = json.loads((TEXTS / "emails.json").read_text(encoding="utf-8"))
EMAILS: list[dict[str, Any]] = MAILS["emails"]
FIELDS: dict[str, dict[str, Any]] = MAILS["fields"]
PRODUCTS: list[str] = FIELDS["product"]["values"]
TOOLS: dict[str, Any] = json.loads((TEXTS / "tool_requests.json").read_text(encoding="utf-8"))
with (TEXTS / "product_notes.csv").open(encoding="utf-8", newline="") as _file:
    NOTES = list(csv.DictReader(_file))

each_email = pytest.mark.parametrize("email", EMAILS, ids=[email["id"] for email in EMAILS])
each_request = pytest.mark.parametrize("request_", TOOLS["requests"], ids=[r["id"] for r in TOOLS["requests"]])
each_note = pytest.mark.parametrize("note", NOTES, ids=[note["id"] for note in NOTES])

# How the texts write what is known. A word that is missing here fails a test, in data and in this list alike.
NUMBERS = {
    **dict.fromkeys(("a", "one", "the", "my", "our", "un", "une", "la", "una", "einen", "der"), 1),
    **dict.fromkeys(("two", "dos"), 2),
    **dict.fromkeys(("three", "drei"), 3),
    **dict(zip(("four", "six", "a dozen", "nine hundred"), (4, 6, 12, 900), strict=True)),
}
ABROAD = {
    "stool": ["Taburete"],
    "bench": ["bancos"],
    "chair": ["sillas"],
    "desk": ["Schreibtisch"],
    "bookshelf": ["Bücherregale", "étagère à livres"],
    "dining table": ["Esstisch"],
    "coffee table": ["table basse"],
    "bed frame": ["beds", "structure de lit", "estructura de cama"],
    "coat rack": ["Garderobe"],
    "cradle": ["berceau"],
}
WOODS_ABROAD = {"oak": ["Eiche"], "beech": ["hêtre"], "ash": ["fresno"]}
MONTHS = {name: 10 for name in ("October", "Oct", "Oktober")}
MONTHS |= {"November": 11, "noviembre": 11, "December": 12, "décembre": 12}
WEEKDAYS = {name: n for n, name in enumerate(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])}
WEEKDAYS |= {name: n for n, name in enumerate(["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"])}
NOT_IN_STOCK = ("We sold", "none here", "sold out", "n'en avons plus", "Not before", "Out of stock")
LATER = {"tomorrow": 1, "heute in einer Woche": 7, "three weeks from today": 21}


def read_number(found: str) -> int:
    if found.isdigit():
        return int(found)
    return NUMBERS[found.lower()] if found.lower() in NUMBERS else NUMBERS[found.lower().split()[0]]


def read_date(found: str, sent: date) -> date:
    """The day that a customer names; day.month.year and day/month/year, unless the second number is no month."""
    if found in LATER:
        return sent + timedelta(days=LATER[found])
    if re.fullmatch(r"\d{4}-\d\d-\d\d", found):
        return date.fromisoformat(found)
    if numeric := re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", found):
        day, month, year = map(int, numeric.groups())
        assert max(day, month) > 12, f"{found} can be read in two ways"
        return date(year, *((month, day) if month <= 12 else (day, month)))
    written = re.fullmatch(r"(\d{1,2})(?:th|\.)?(?: of| de)? (\w+)", found)
    assert written, found
    return date(sent.year, MONTHS[written[2]], int(written[1]))


def plain(text: str) -> str:
    """Letters and digits only, without accents and case: what is left when two texts are typed differently."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return re.sub(r"[^a-z0-9]+", " ", "".join(c for c in letters if not unicodedata.combining(c)))


def says_product(text: str, product: str) -> bool:
    return any(re.search(rf"\b{name}", text, re.IGNORECASE) for name in [product, *ABROAD.get(product, [])])


# --- all files


@pytest.mark.parametrize("name", OURS)
def test_each_file_is_tidy_utf8_with_unix_line_ends(name: str):
    content = (TEXTS / name).read_bytes()
    text = content.decode("utf-8")
    assert not text.startswith("\ufeff") and "\r" not in text and "\t" not in text
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert text == unicodedata.normalize("NFC", text), "accents are written in two ways"
    assert not re.search(r"[ ]+\n", text), "spaces at a line's end"


@pytest.mark.parametrize("name", OURS)
def test_each_file_is_described_beside_the_data(name: str):
    assert f"`{name}`" in (ROOT / "data" / "README.md").read_text(encoding="utf-8")


# --- e-mails


def test_emails_cover_four_languages_and_everything_that_customers_want():
    assert [email["id"] for email in EMAILS] == [f"e{n:02d}" for n in range(1, 25)]
    assert Counter(e["expected"]["language"] for e in EMAILS) == {"en": 14, "de": 4, "fr": 3, "es": 3}
    wanted = Counter(e["expected"]["wants"] for e in EMAILS)
    assert wanted == {"order": 8, "return": 5, "question": 6, "complaint": 5}
    for field in ("customer", "order_number", "product", "quantity", "requested_by"):
        assert 0 < sum(e["expected"][field] is None for e in EMAILS) < len(EMAILS), field


def test_each_field_says_what_it_means_and_how_it_is_scored():
    for name, field in FIELDS.items():
        assert field["meaning"], name
        assert field["score"] == "exact" or field["score"].startswith("normalised: "), name


@each_email
def test_an_email_has_exactly_the_known_fields_with_allowed_values(email: dict[str, Any]):
    expected = email["expected"]
    assert list(expected) == list(FIELDS)
    for name, field in FIELDS.items():
        assert "values" not in field or expected[name] is None or expected[name] in field["values"], name
    assert expected["wants"] and expected["language"] == guess_language(email["text"])
    assert (expected["product"] is None) == (expected["quantity"] is None)
    sought = {"customer", "order_number", "product", "quantity", "requested_by"}
    assert set(email["found_in"]) == {name for name in sought if expected[name] is not None}


@each_email
def test_each_known_value_follows_from_words_in_the_email(email: dict[str, Any]):
    expected, found, sent = email["expected"], email["found_in"], date.fromisoformat(email["sent"])
    for name, words in found.items():
        assert re.search(rf"(?<!\w){re.escape(words)}(?!\w)", email["text"] + "\n" + email["subject"]), name
    if "customer" in found:
        assert expected["customer"] == found["customer"]
    if "order_number" in found:
        digits = re.sub(r"\D", "", found["order_number"])
        assert expected["order_number"] == f"W-{digits}" and len(digits) == 4
    if "product" in found:
        assert says_product(found["product"], expected["product"])
    if "quantity" in found:
        assert expected["quantity"] == read_number(found["quantity"])
    if "requested_by" in found:
        day = read_date(found["requested_by"], sent)
        assert expected["requested_by"] == day.isoformat()
        assert sent < day < sent + timedelta(days=92)


@each_email
def test_nothing_is_called_missing_that_the_email_gives(email: dict[str, Any]):
    expected, written = email["expected"], email["subject"] + "\n" + email["text"]
    numbers = {f"W-{digits}" for digits in re.findall(r"\bW[ -]?(\d{4})\b", written, re.IGNORECASE)}
    assert numbers == ({expected["order_number"]} if expected["order_number"] else set())
    if expected["product"] is None:
        assert not any(says_product(written, product) for product in PRODUCTS)


@each_email
def test_weekdays_in_emails_agree_with_their_dates(email: dict[str, Any]):
    named = rf"\b({'|'.join(WEEKDAYS)})[a-z]*,? (\d{{1,2}})\.? ({'|'.join(MONTHS)})"
    for weekday, day, month in re.findall(named, email["text"]):
        assert date(2026, MONTHS[month], int(day)).weekday() == WEEKDAYS[weekday]


def test_no_two_emails_are_alike():
    words = {email["id"]: set(plain(email["text"]).split()) for email in EMAILS}
    for one, other in itertools.combinations(words, 2):
        assert len(words[one] & words[other]) / len(words[one] | words[other]) < 0.4, (one, other)
    assert len({email["subject"] for email in EMAILS}) == len(EMAILS)


# --- requests for tools


@each_request
def test_each_expected_call_fits_its_tool_and_the_workshop(request_: dict[str, Any]):
    for call in request_["expected_calls"]:
        arguments = call["arguments"]
        assert list(arguments) == list(TOOLS["tools"][call["tool"]]["arguments"])
        assert arguments.get("day", "monday") in TOOLS["workshop"]["opening_hours"]
        assert arguments.get("product", "stool") in TOOLS["workshop"]["euros"]
        assert arguments.get("quantity", 1) >= 1
        assert re.fullmatch(r"[01]\d:[0-5]\d|2[0-3]:[0-5]\d", arguments.get("time", "09:00"))


@each_request
def test_each_expected_argument_is_said_in_the_request(request_: dict[str, Any]):
    text = request_["text"]
    for call in request_["expected_calls"]:
        for name, value in call["arguments"].items():
            if name == "quantity":
                words = {word for word, number in NUMBERS.items() if number == value}
                assert any(re.search(rf"\b{word} {call['arguments']['product']}", text) for word in words)
            elif name == "time":
                assert value in text or (value == "10:30" and "half past ten in the morning" in text)
            elif name == "name":
                assert value in text
            else:
                assert re.search(rf"\b{value}", text, re.IGNORECASE)


@each_request
def test_a_visit_fails_exactly_where_the_workshop_is_closed(request_: dict[str, Any]):
    failing = None
    for call in request_["expected_calls"]:
        if call["tool"] == "book_visit":
            day, hours = call["arguments"]["day"], TOOLS["workshop"]["opening_hours"][call["arguments"]["day"]]
            if hours is None:
                failing = f"closed on {day}"
            else:
                assert hours[0] <= call["arguments"]["time"] < hours[1]
    assert request_["fails_with"] == failing


def test_requests_show_one_tool_two_none_and_one_that_fails():
    sizes = Counter(len(request["expected_calls"]) for request in TOOLS["requests"])
    assert sizes == {0: 1, 1: 4, 2: 3}
    assert sum(request["fails_with"] is not None for request in TOOLS["requests"]) == 1
    used = {call["tool"] for request in TOOLS["requests"] for call in request["expected_calls"]}
    assert used == set(TOOLS["tools"])
    assert list(TOOLS["workshop"]["euros"]) == PRODUCTS, "the tools know the catalogue of the e-mails"
    assert len({request["text"] for request in TOOLS["requests"]}) == len(TOOLS["requests"]) == 8


# --- notes on products


@each_note
def test_each_value_of_a_note_stands_in_it(note: dict[str, str]):
    text = note["text"]
    woods = [note["wood"], *WOODS_ABROAD.get(note["wood"], [])]
    prices = {int(number.replace(".", "")) for number in re.findall(r"\d+(?:\.\d{3})?", text)}
    prices |= {number for word, number in NUMBERS.items() if number > 12 and word in text}
    assert note["product"] in PRODUCTS and says_product(text, note["product"])
    assert int(note["euros"]) in prices
    assert any(re.search(rf"\b{wood}\b", text, re.IGNORECASE) for wood in woods)
    assert note["in_stock"] == str(not any(words in text for words in NOT_IN_STOCK)).lower()


def test_notes_differ_and_a_quarter_to_a_half_are_out_of_stock():
    assert [note["id"] for note in NOTES] == [f"p{n:02d}" for n in range(1, 21)]
    assert len({plain(note["text"]) for note in NOTES}) == len(NOTES)
    known = {tuple(note[key] for key in ("product", "euros", "wood", "in_stock")) for note in NOTES}
    assert len(known) == len(NOTES)
    assert 5 <= sum(note["in_stock"] == "false" for note in NOTES) <= 10
