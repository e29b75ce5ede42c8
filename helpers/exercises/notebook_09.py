"""Exercises of notebook 09."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from helpers.captions import Caption
from helpers.checks import Wrong, exercise
from helpers.parameters import find_rule

__all__: list[str] = []

_CHEAPEST = "gpt-4o-mini-transcribe"
_MOST_BYTES, _LONGEST_S = 26_000_000, 1_390


@exercise("09.request")
def _check_request(answer: Any, client: Any, file: Path, names: Sequence[str], hints: str) -> str:
    """Truth: what came back has every name as it is written, and log probabilities.

    answer: what client.audio.transcriptions.create() takes, without the file. What no recording could answer gets its
    hint before anything is sent. hints: the text that holds the names.
    """
    if not isinstance(answer, Mapping) or not all(isinstance(name, str) for name in answer):
        raise Wrong('A dictionary was expected: {"model": ..., ...}.')
    request = {name: value for name, value in answer.items() if (name, value) != ("response_format", "json")}
    if "file" in request:
        raise Wrong("Leave the file out: the check adds it.")
    _check_model(request.get("model"))
    if "response_format" in request:
        raise Wrong(f"{request['response_format']} has no log probabilities: they come with json alone.")
    if request.get("include") != ["logprobs"]:
        raise Wrong("Nothing asks for the log probabilities, or not as section 8 does.")
    if "keywords" in request:
        raise Wrong(f"{_CHEAPEST} takes no keywords (section 1). What does it take for names?")
    if request.get("prompt") != hints:
        raise Wrong("Without its hint the names go wrong: send hints, as it stands.")
    if request.get("language") != "en":
        raise Wrong("Say the language, too, by the two letters of ISO 639-1.")
    if further := sorted(set(request) - {"model", "include", "prompt", "language"}):
        raise Wrong(f"Not needed here: {', '.join(further)}.")
    reply = client.audio.transcriptions.create(file=file, **request)
    if not reply.logprobs:
        raise Wrong("No log probabilities came back: look at the request again.")
    found = sum(name in reply.text for name in names)
    least = min(reply.logprobs, key=lambda one: one.logprob or 0.0)
    return f"{found} of {len(names)} names are spelled right; the least sure token is {least.token!r}."


def _check_model(model: Any) -> None:
    rule = find_rule("transcription", str(model), "model")
    if not rule or rule["accepted"] != "yes":
        raise Wrong(f"{model} transcribes nothing: take a model of section 1.")
    for name in ("include", "prompt"):
        rule = find_rule("transcription", model, name)
        if not rule or rule["accepted"] == "no":
            raise Wrong(f"{model} refuses {name}: section 1 says what it takes.")
    if model != _CHEAPEST:
        raise Wrong(f"{model} could do it. Another model of section 1 costs less, or is not retired.")


@exercise("09.requests")
def _check_requests(answer: Any, recordings: int, minutes: int, kbits: int) -> str:
    """Truth: parts of each recording, by the limit that asks for more of them, times the recordings."""
    seconds, size = minutes * 60, minutes * 60 * kbits * 125
    by_size, by_time = math.ceil(size / _MOST_BYTES), math.ceil(seconds / _LONGEST_S)
    each = max(by_size, by_time)
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise Wrong("A number was expected.")
    if answer == each * recordings:
        return f"{each} parts each: {by_size} by size, {by_time} by time, so time decides."
    mistakes = {
        each: "That is one recording.",
        by_size * recordings: "By size that is enough. And by time?",
        (by_size + by_time) * recordings: "One cut serves both limits: do not add them.",
        recordings: "One request for each recording: neither limit allows it.",
        math.ceil(size * recordings / _MOST_BYTES): "Parts of two recordings do not go into one request.",
        math.ceil(seconds * recordings / _LONGEST_S): "Parts of two recordings do not go into one request.",
    }
    raise Wrong(
        mistakes.get(int(answer), "Count the parts of one recording by size and by time; the larger number holds.")
    )


class _Word(NamedTuple):
    word: str
    start: float
    end: float


def _spread(text: str) -> list[_Word]:
    """Words of half a second each, with a tenth between them."""
    return [_Word(word, round(0.6 * place, 1), round(0.6 * place + 0.5, 1)) for place, word in enumerate(text.split())]


_TEXTS = (  # text, most letters
    ("the boat leaves the harbour at noon", 10),
    ("one two three", 100),
    ("ab cd ef gh", 5),  # two words and a space are five letters
    ("ab cd ef gh", 6),  # three words are eight
    ("a photosynthesis b", 6),
    ("", 20),
)


@exercise("09.captions")
def _check_captions(answer: Any) -> str:
    """Truth: captions filled word by word, on five texts of which one is empty, and one has a word that is too long."""
    if not callable(answer):
        raise Wrong("A function was expected: def make_captions(words, most): ...")
    for text, most in _TEXTS:
        words = _spread(text)
        given, truth = _read(answer, words, most), _fill(words, most)
        told = f"{text!r}, at most {most} letters"
        said = [one.text for one in given]
        if said != [one.text for one in truth]:
            raise Wrong(f"{told}: {_compare(said, [one.text for one in truth], most)}")
        for one, right in zip(given, truth, strict=True):
            if abs(one.start_s - right.start_s) > 1e-6:
                raise Wrong(f"{told}: {one.text!r} begins at {right.start_s} s, with its first word.")
            if abs(one.end_s - right.end_s) > 1e-6:
                raise Wrong(f"{told}: {one.text!r} ends at {right.end_s} s, with its last word.")
    return f"{len(_TEXTS)} texts, one of them empty, and one with a word that is too long."


def _compare(said: Sequence[str], right: Sequence[str], most: int) -> str:
    if " ".join(said) == " ".join(right[:-1]) or not said:
        return "the last caption is missing."
    if " ".join(said).split() != " ".join(right).split():
        return f"words are lost, doubled or moved: {said}."
    if any(len(one) > most and " " in one for one in said):
        return f"{max(said, key=len)!r} has more letters than that: spaces count."
    if "" in said:
        return "one caption is empty: a word that is too long stands alone."
    return f"more words fit into a caption: {said}."


def _fill(words: Sequence[_Word], most: int) -> list[Caption]:
    groups: list[list[_Word]] = []
    for word in words:
        if groups and len(" ".join(one.word for one in [*groups[-1], word])) <= most:
            groups[-1].append(word)
        else:
            groups.append([word])
    return [Caption(group[0].start, group[-1].end, " ".join(one.word for one in group)) for group in groups]


def _read(function: Callable[..., Any], words: Sequence[_Word], most: int) -> list[Caption]:
    try:
        given = list(function(words, most))
    except Exception as error:
        told = "no words at all" if not words else f"{len(words)} words"
        raise Wrong(f"With {told} it raises {type(error).__name__}: {error}.") from None
    if not all(isinstance(one, tuple) and len(one) == 3 for one in given):
        raise Wrong("A list of Caption was expected: Caption(start_s, end_s, text).")
    return [Caption(*one) for one in given]
