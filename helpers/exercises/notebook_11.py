"""Exercises of notebook 11."""

from collections.abc import Callable, Mapping
from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.conversation_costs import conversation_costs
from helpers.realtime import read_turn

__all__: list[str] = []

# Where each name of the preview's flat session went.
_MOVED = {
    "modalities": 'output_modalities, a list of one: "audio" or "text"',
    "voice": "audio.output.voice",
    "input_audio_format": "audio.input.format",
    "output_audio_format": "audio.output.format",
    "input_audio_transcription": "audio.input.transcription",
    "turn_detection": "audio.input.turn_detection",
    "max_response_output_tokens": "max_output_tokens",
}
_PCM = {"type": "audio/pcm", "rate": 24_000}


@exercise("11.session")
def _check_session(answer: Any, client: Any, preview: Mapping[str, Any]) -> str:
    """Truth: what the preview's session says, under the names of today; then what session.updated says."""
    if not isinstance(answer, Mapping):
        raise Wrong('A dictionary was expected, such as {"type": "realtime", "audio": {...}}.')
    if old := [name for name in answer if name in _MOVED]:
        raise Wrong(f"`{old[0]}` is a name of the preview. Today it is {_MOVED[old[0]]}.")
    wanted = _translate(preview)
    if answer.get("type") != "realtime":
        raise Wrong('Every session.update of today says its type first: "type": "realtime".')
    modalities = answer.get("output_modalities", ["audio"])
    if modalities == ["text"]:
        raise Wrong('Sound was asked for too, and ["audio"] brings its words with it, as a transcript.')
    if modalities != ["audio"]:
        raise Wrong('Today it is one of ["audio"] and ["text"]; sound brings its words with it.')
    _compare(_without_formats(answer), wanted, "")
    turn = _update(client, wanted)
    said = turn.events[-1].session
    return (
        f"The service took it: voice {said.audio.output.voice}, turn_detection {said.audio.input.turn_detection}, "
        f"max_output_tokens {said.max_output_tokens}."
    )


def _translate(preview: Mapping[str, Any]) -> dict[str, Any]:
    heard = {"turn_detection": preview["turn_detection"], "transcription": preview["input_audio_transcription"]}
    return {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": preview["instructions"],
        "max_output_tokens": preview["max_response_output_tokens"],
        "audio": {"input": heard, "output": {"voice": preview["voice"]}},
    }


def _without_formats(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with what may be left out made equal: PCM of 24,000 Hz, and sound."""
    given = {"output_modalities": ["audio"], **answer}
    audio = given.get("audio")
    if isinstance(audio, Mapping):
        sides = {}
        for side, told in audio.items():
            if isinstance(told, Mapping) and "format" in told and told["format"] != _PCM:
                raise Wrong(f'audio.{side}.format is an object today: {{"type": "audio/pcm", "rate": 24000}}.')
            is_object = isinstance(told, Mapping)
            sides[side] = {name: one for name, one in told.items() if name != "format"} if is_object else told
        given["audio"] = sides
    return given


def _compare(given: Any, wanted: Any, place: str) -> None:
    if isinstance(wanted, Mapping) and place.count(".") < 2:
        if not isinstance(given, Mapping):
            raise Wrong(f"`{place}` is a dictionary.")
        for name in wanted:
            path = f"{place}.{name}".strip(".")
            if name not in given:
                raise Wrong(f"`{path}` is missing: the preview's session says it.{_default_of(path)}")
            _compare(given[name], wanted[name], path)
        if strange := [name for name in given if name not in wanted]:
            raise Wrong(
                f"`{f'{place}.{strange[0]}'.strip('.')}` is not in the preview's session, or has another place."
            )
    elif given != wanted:
        raise Wrong(f"`{place}` is {given!r}; the preview's session says {wanted!r}.")


def _default_of(path: str) -> str:
    return " Left out, the service would end turns by itself." if path.endswith("turn_detection") else ""


def _update(client: Any, session: Mapping[str, Any]) -> Any:
    with client.realtime.connect(model="gpt-realtime-2.1") as connection:
        connection.session.update(session=session)
        turn = read_turn(connection, until="session.updated", limit_s=30)
    if turn.errors:
        raise Wrong(f"The service refused it: {turn.errors[0].message}")
    return turn


_CASES = {
    "2 seconds received, 0.5 s played": (2.0, 0.5, 500),
    "1 second received, 3 s since the play began: it has waited for more": (1.0, 3.0, 1000),
    "nothing received yet": (0.0, 0.4, 0),
    "0.25 seconds received, all of it played": (0.25, 0.25, 250),
    "3 seconds received, 1.2345 s played": (3.0, 1.2345, 1234),
}


@exercise("11.heard")
def _check_heard(answer: Any) -> str:
    """Truth: 48 bytes a millisecond, and never more than came."""
    if not isinstance(answer, Callable):  # type: ignore[arg-type]
        raise Wrong("A function of `received` and `played_s` was expected, and the function itself: no brackets.")
    for what, (received_s, played_s, truth) in _CASES.items():
        try:
            said = answer(bytes(round(received_s * 48_000)), played_s)
        except Exception as error:
            raise Wrong(f"It fails on {what}: {type(error).__name__}: {error}") from None
        if isinstance(said, bool) or not isinstance(said, int | float):
            raise Wrong(f"For {what} it returns {said!r}, and a number of milliseconds was expected.")
        if abs(said - truth) > 1:
            raise Wrong(f"For {what} it returns {said:g}, and {truth} would be right.{_guess(said, truth)}")
        if not isinstance(said, int):
            raise Wrong(f"audio_end_ms is a whole number, and for {what} it returns {said!r}.")
        if said > received_s * 1000:
            raise Wrong(f"For {what} it returns {said}: more than was received.")
    return "What was not received cannot have been heard: 48 bytes are a millisecond."


def _guess(said: float, truth: int) -> str:
    if truth and abs(said / truth - 2) < 0.01:
        return " A sample has two bytes."
    if truth and abs(said * 1000 - truth) <= 1:
        return " These are seconds."
    return " More than came cannot have been heard." if said > truth else ""


@exercise("11.saved")
def _check_saved(answer: Any, calls: int, minutes: float, model: str) -> str:
    """Truth: two conversations of the same length in time, turn by turn."""

    def cost(seconds: float) -> float:
        return float(conversation_costs(model, minutes, assistant_seconds=seconds).usd.sum())

    long, short = cost(10), cost(5)
    saved = calls * (long - short)
    if close_to(answer, saved, 0.01):
        return f"{calls * long:.2f} US dollars a day become {calls * short:.2f}."
    for number, hint in (
        (long - short, f"That is one call. The desk takes {calls}."),
        (-saved, "The sign: what is saved is the larger bill less the smaller."),
        (calls * long, "That is the bill with long answers."),
        (calls * short, "That is the bill with short answers."),
        (calls * long / 2, "Half of the sound out is not half of the bill: the caller, and the history, stay."),
    ):
        if close_to(answer, number, 0.01):
            raise Wrong(hint)
    raise Wrong("conversation_costs(model, minutes, assistant_seconds=...) gives the turns of one call; add up `usd`.")
