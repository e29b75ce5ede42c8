"""data/texts/corpus.csv and questions.csv: what is relevant is there, and no question gives it away by its words."""

import csv
import itertools
import re
from collections import Counter

import pytest

from helpers.settings import ROOT
from tests.small_words import SMALL_WORDS, guess_language, list_words

TEXTS = ROOT / "data" / "texts"


def _read(name: str) -> list[dict[str, str]]:
    with (TEXTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CORPUS = _read("corpus.csv")
QUESTIONS = _read("questions.csv")
BY_ID = {text["id"]: text for text in CORPUS}
PAIRS = [(text["duplicate_of"], text["id"]) for text in CORPUS if text["duplicate_of"]]
PARAPHRASES = [question for question in QUESTIONS if question["kind"] == "paraphrase"]
PLAIN = [question for question in QUESTIONS if question["kind"] == "plain"]
HANDBOOK = (TEXTS / "handbook.txt").read_text(encoding="utf-8").strip().split("\n\n")
GUESTS = _read("handbook_questions.csv")
ACROSS = [question for question in QUESTIONS if question["kind"] == "cross_language"]


def content_words(text: str) -> set[str]:
    """English words that carry meaning, without their commonest endings: `opens` and `opened` are one word."""
    words = (word for word in list_words(text) if word not in SMALL_WORDS["en"] and len(word) > 1)
    return {re.sub(r"(?<=\w{3})(ing|ed|es|s|e|ly|er)$", "", word) for word in words}


def shared_of(question: dict[str, str]) -> float:
    """The share of a question's content words that stand in any of the texts that answer it."""
    asked = content_words(question["question"])
    answered = set().union(*(content_words(BY_ID[key]["text"]) for key in question["relevant"].split()))
    return len(asked & answered) / len(asked)


# --- the corpus


def test_the_corpus_has_twenty_topics_in_five_languages():
    assert len(CORPUS) == len(BY_ID) == 232
    assert Counter(text["language"] for text in CORPUS) == {"en": 150, "de": 22, "fr": 21, "es": 20, "it": 19}
    topics = Counter(text["topic"] for text in CORPUS)
    assert len(topics) == 20 and set(topics.values()) == {11, 12}
    assert len(PAIRS) == 12


def test_an_id_is_its_topic_and_a_running_number():
    for topic, texts in itertools.groupby(CORPUS, key=lambda text: text["topic"]):
        name = topic.replace(" ", "-")
        ids = [text["id"] for text in texts]
        assert ids == [f"{name}-{n:02d}" for n in range(1, len(ids) + 1)]


@pytest.mark.parametrize("text", CORPUS, ids=list(BY_ID))
def test_a_text_is_short_and_in_the_language_it_names(text: dict[str, str]):
    assert text["text"] == text["text"].strip() and text["text"][-1] in ".!?"
    assert 4 <= len(list_words(text["text"])) <= 30
    assert guess_language(text["text"]) == text["language"]


def test_duplicates_say_the_same_in_one_language_and_in_other_words():
    for first, again in PAIRS:
        one, other = BY_ID[first], BY_ID[again]
        assert (one["topic"], one["language"], one["duplicate_of"]) == (other["topic"], other["language"], "")
        mine, theirs = content_words(one["text"]), content_words(other["text"])
        assert len(mine & theirs) / len(mine | theirs) < 0.3, (first, again)


def test_no_two_texts_are_alike_but_for_the_marked_pairs():
    words = {key: content_words(text["text"]) for key, text in BY_ID.items()}
    for one, other in itertools.combinations(words, 2):
        alike = len(words[one] & words[other]) / len(words[one] | words[other])
        assert alike < 0.3, (one, other, alike)


# --- the questions


def test_there_are_forty_paraphrases_twenty_questions_across_languages_and_twenty_plain_ones():
    assert [question["id"] for question in QUESTIONS] == [f"q{n:02d}" for n in range(1, 81)]
    assert [question["kind"] for question in QUESTIONS[40:]] == ["cross_language"] * 20 + ["plain"] * 20
    assert len(PARAPHRASES) == 40
    assert len({question["question"].lower() for question in QUESTIONS}) == 80


@pytest.mark.parametrize("question", QUESTIONS, ids=[question["id"] for question in QUESTIONS])
def test_a_question_names_one_to_three_texts_and_all_their_duplicates(question: dict[str, str]):
    relevant = question["relevant"].split()
    assert 1 <= len(relevant) == len(set(relevant)) <= 3
    assert set(relevant) <= set(BY_ID)
    for pair in PAIRS:
        assert len(set(pair) & set(relevant)) in (0, 2), f"one of {pair} is missing"
    assert guess_language(question["question"]) == question["language"]


def test_each_text_answers_one_question_at_most():
    sought = Counter(key for question in QUESTIONS for key in question["relevant"].split())
    assert max(sought.values()) == 1
    assert len({key.rsplit("-", 1)[0] for key in sought}) == 20, "every topic is asked about"


def test_paraphrases_are_english_and_answered_in_english():
    for question in PARAPHRASES:
        assert question["language"] == "en"
        assert {BY_ID[key]["language"] for key in question["relevant"].split()} == {"en"}


def test_paraphrases_share_few_words_with_their_answers():
    shares = {question["id"]: shared_of(question) for question in PARAPHRASES}
    assert max(shares.values()) <= 1 / 4, max(shares, key=lambda key: shares[key])
    assert sum(shares.values()) / len(shares) < 0.05


def test_plain_questions_are_asked_of_every_topic_in_the_words_of_their_answers():
    for question in PLAIN:
        assert question["language"] == "en"
        assert {BY_ID[key]["language"] for key in question["relevant"].split()} == {"en"}
    assert len({key.rsplit("-", 1)[0] for question in PLAIN for key in question["relevant"].split()}) == 20
    shares = {question["id"]: shared_of(question) for question in PLAIN}
    assert min(shares.values()) >= 1 / 2, min(shares, key=lambda key: shares[key])
    assert sum(shares.values()) / len(shares) > 0.75


def test_questions_across_languages_are_answered_in_another_language_only():
    for question in ACROSS:
        assert question["language"] not in {BY_ID[key]["language"] for key in question["relevant"].split()}
    assert Counter(question["language"] for question in ACROSS) == {"en": 14, "fr": 2, "de": 2, "es": 1, "it": 1}
    assert {BY_ID[question["relevant"]]["language"] for question in ACROSS} == {"en", "de", "fr", "es", "it"}


# --- the handbook


def test_each_paragraph_of_the_handbook_begins_with_a_name_of_its_own_and_fits_the_shortest_passage():
    names = [paragraph.partition(".")[0] for paragraph in HANDBOOK]
    assert len(set(names)) == len(HANDBOOK) == 27
    assert all(len(name.split()) <= 8 for name in names)
    assert all(40 <= len(paragraph.split()) <= 70 and "\n" not in paragraph for paragraph in HANDBOOK)
    assert sum(len(paragraph.split()) for paragraph in HANDBOOK) > 1_400


@pytest.mark.parametrize("guest", GUESTS, ids=lambda guest: guest["answered_by"])
def test_the_words_that_answer_a_guest_stand_once_and_no_question_repeats_them(guest):
    holds = [paragraph for paragraph in HANDBOOK if guest["answered_by"] in paragraph]
    assert len(holds) == 1 and holds[0].count(guest["answered_by"]) == 1
    asked, answered = content_words(guest["question"]), content_words(guest["answered_by"])
    assert guest["question"].endswith("?") and len(asked & answered) <= 1, asked & answered


def test_no_paragraph_is_asked_about_more_than_twice():
    asked = Counter(next(n for n, one in enumerate(HANDBOOK) if guest["answered_by"] in one) for guest in GUESTS)
    assert len(GUESTS) == 24 and max(asked.values()) <= 2
