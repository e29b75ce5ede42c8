"""Exercises of notebook 10."""

import re
from collections.abc import Mapping
from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import list_price

__all__: list[str] = []

_MODEL, _VOICE, _FORMAT = "gpt-4o-mini-tts", "onyx", "opus"
_SPEEDS = (1.25, 1.5, 1.75)
_MOST = 0.7  # of the time at speed 1


@exercise("10.request")
def _check_request(answer: Any, client: Any, text: str) -> str:
    """Truth: the lowest of three speeds at which what came back is short enough; each of them is asked for.

    answer: what client.audio.speech.create() takes. What nobody recorded gets its hint before anything is sent.
    """
    from helpers.audio import duration  # late: the other exercises need no sound

    request = _read_request(answer, text)
    usual = duration(client.audio.speech.create(**request | {"speed": 1}))
    lasts = {speed: duration(client.audio.speech.create(**request | {"speed": speed})) for speed in _SPEEDS}
    own = lasts[request["speed"]] / usual
    enough = min((speed for speed in _SPEEDS if lasts[speed] <= _MOST * usual), default=None)
    if enough is None:
        raise Wrong("At none of the three is it short enough: this model may not follow speed (section 4).")
    if request["speed"] < enough:
        raise Wrong(f"At {request['speed']} it still takes {own:.0%} of the time at speed 1: {_MOST:.0%} at most.")
    if request["speed"] > enough:
        raise Wrong(f"Short enough, but {enough} would do, and is easier to follow.")
    return f"{lasts[enough]:.1f} s in place of {usual:.1f} s."


@exercise("10.note")
def _check_note(answer: Any) -> str:
    """Truth: words alone, and each part of the note in the words that a listener needs."""
    if not isinstance(answer, str) or not answer.strip():
        raise Wrong("A text was expected: the note as it shall be spoken.")
    if figures := re.findall(r"\d+", answer):
        raise Wrong(f"Figures are left: {', '.join(figures)}. Write them as words.")
    if short := re.findall(r"\b(?:Dr|St|[ap]\.?m)\b\.?", answer, re.I):
        raise Wrong(f"Written short: {', '.join(short)}. What is said aloud there?")
    said = " ".join(re.findall(r"[a-z]+", answer.lower()))
    if "july" in said:
        raise Wrong("The day stands first: 07/08 is in the eighth month.")
    if "saint" in said and "street" not in said:
        raise Wrong("The first 'St.' is a saint. What is the second?")
    for words, hint in _NEEDED.items():
        if not re.search(words, said):
            raise Wrong(hint)
    return "Nothing is left to guess."


_NEEDED = {
    r"\bdoctor ito\b": "Who is in? Write the title out, before the name.",
    r"\b(?:seventh|seven)(?: of)? august\b|\baugust (?:the )?(?:seventh|seven)\b": "Say the day, the month by name.",
    r"\bnine\b.*\beleven\b": "From when to when?",
    r"\bmorning\b|\bbefore noon\b": "Say the time of day, too: a listener cannot see 'a.m.'.",
    r"\bfour saint paul s? ?street\b|\bsaint paul s? ?street(?: number)? four\b": "Say the whole address, in words.",
}


@exercise("10.novel")
def _check_novel(answer: Any, words: int, words_a_minute: int, characters_a_word: int) -> str:
    """Truth: minutes of sound at the listed price of a minute, less the text's characters at theirs, in US dollars."""
    minutes = words / words_a_minute
    by_minute = minutes * list_price(_MODEL, "audio_output", unit="usd_per_minute").usd
    by_character = words * characters_a_word * list_price("tts", "input", unit="usd_per_1m_characters").usd / 1e6
    truth = by_minute - by_character
    if close_to(answer, truth, 0.01):
        return f"${by_minute:.2f} by the minute, ${by_character:.2f} by the character."
    mistakes = {
        "The other way round: more is above 0, less below.": -truth,
        f"That is {_MODEL} alone: what does tts cost?": by_minute,
        "That is tts alone: the difference is asked for.": by_character,
        "That is the difference of an hour: how many hours are read?": truth / minutes * 60,
        "price_per_hour is for an hour, not for a minute.": truth * 60,
    }
    for hint, value in mistakes.items():
        if close_to(answer, value, 0.01):
            raise Wrong(hint)
    raise Wrong("One is paid for the minutes of sound, the other for the characters of the text.")


def _read_request(answer: Any, text: str) -> dict[str, Any]:
    if not isinstance(answer, Mapping) or not all(isinstance(name, str) for name in answer):
        raise Wrong('A dictionary was expected: {"model": ..., "voice": ..., "input": ..., ...}.')
    request = dict(answer)
    if missing := [name for name in ("model", "voice", "input") if not request.get(name)]:
        raise Wrong(f"The request needs {' and '.join(missing)}.")
    if request["input"] != text:
        raise Wrong(f"Leave the text as it stands: {text!r}.")
    if further := sorted(set(request) - {"model", "voice", "input", "response_format", "speed"}):
        raise Wrong(f"Not needed here: {', '.join(further)}.")
    for name, wanted in (("model", _MODEL), ("voice", _VOICE)):
        if request[name] != wanted:
            raise Wrong(f"The {name} is {wanted}, not {request[name]!r}.")
    if request.get("response_format") != _FORMAT:
        told = request.get("response_format")
        raise Wrong(f"{told!r} is not Opus." if told else "Without response_format you get MP3.")
    if "speed" not in request:
        raise Wrong("Without speed it is spoken at 1.")
    if request["speed"] not in _SPEEDS:
        raise Wrong(f"One of {', '.join(map(str, _SPEEDS))}, as a number: not {request['speed']!r}.")
    return request
