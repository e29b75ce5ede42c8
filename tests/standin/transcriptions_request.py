"""What a transcription or a translation asks for, checked as the service checks it."""

import contextlib
import json
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from helpers.parameters import find_rule, is_idle
from tests.standin.deployments import Deployment
from tests.standin.forms import files_of, texts_of
from tests.standin.refusals import ServiceError, bad_request, missing, not_served, operation_refused
from tests.standin.rules import serves
from tests.standin.sound.files import NotSoundError, Sound, decode_sound
from tests.standin.sound.hearing import Asked
from tests.standin.sound.languages import LANGUAGES

__all__ = ["Wanted", "check_transcription", "read_sound"]

_ENDINGS = {"flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"}
_LEAST_SECONDS = 0.1
_MOST_SECONDS = 1_400  # of the gpt-4o models; whisper has no such limit
_OPERATIONS = {"transcription": "transcription", "translation": "translation"}


@dataclass(frozen=True)
class Wanted:
    """shape: the response_format. details: of verbose_json, "word" and "segment"."""

    shape: str
    asked: Asked
    details: frozenset[str]
    logprobs: bool
    stream: bool


def check_transcription(api: str, deployment: Deployment, form: FormData) -> Wanted:
    """api: transcription or translation, as in parameters.csv. Raises what the service answers to what it refuses."""
    if not serves(api, deployment):
        raise operation_refused(_OPERATIONS[api], deployment.name)
    shape = _one(form, "response_format") or "json"
    _check_shape(api, deployment, shape)
    granular, include, chunking = set[str](), set[str](), ""
    if api == "transcription":  # a translation knows none of these; what a form holds beside the known does nothing
        granular = set(texts_of(form, "timestamp_granularities[]"))
        include = set(texts_of(form, "include[]"))  # without the brackets it is taken, and does nothing
        chunking = _read_chunking(form)
    given = {
        "timestamp_granularities": granular,
        "include": include,
        "prompt": _one(form, "prompt"),
        "language": _one(form, "language"),
        "chunking_strategy": chunking,
        "keywords": texts_of(form, "keywords[]"),
        "languages": texts_of(form, "languages[]"),
        "known_speaker_names": texts_of(form, "known_speaker_names[]"),
        "known_speaker_references": texts_of(form, "known_speaker_references[]"),
    }
    for name, value in given.items():
        _check_taken(api, deployment, name, value)
    if granular and shape != "verbose_json":
        message = "timestamp_granularities is only supported with response_format 'verbose_json'."
        raise bad_request(message, "timestamp_granularities", "invalid_value")
    if include and shape != "json":
        raise bad_request("include 'logprobs' is only supported with response_format 'json'.", "include")
    if deployment.model.endswith("diarize") and not chunking:
        message = "chunking_strategy is required for diarization models"
        raise bad_request(message, "chunking_strategy", "invalid_value")
    for name in ("known_speaker_names", "known_speaker_references"):
        if given[name]:
            raise not_served(f"'{name}'", name)
    rule = find_rule(api, deployment.versioned, "stream")
    asked = Asked(
        task="translate" if api == "translation" else "transcribe",
        language=_check_language(_one(form, "language")),
        prompt=_one(form, "prompt"),
        temperature=_read_temperature(form),
        words="word" in granular or shape == "diarized_json",
        tokens="logprobs" in include,
        pauses=bool(chunking),
    )
    return Wanted(
        shape=shape,
        asked=asked,
        details=frozenset(granular or {"segment"}),
        logprobs="logprobs" in include,
        # whisper takes stream and answers whole
        stream=_one(form, "stream").lower() == "true" and bool(rule and not is_idle(rule)),
    )


async def read_sound(deployment: Deployment, form: FormData) -> Sound:
    """The sound that was sent. The ending of its name says whether its format is taken, as at the service."""
    files = files_of(form, "file")
    if not files:
        raise missing("file")
    _check_ending(files[0])
    data = await files[0].read()
    try:
        sound = await run_in_threadpool(decode_sound, data)
    except NotSoundError:
        raise bad_request("Audio file might be corrupted or unsupported", "file", "invalid_value") from None
    if sound.seconds < _LEAST_SECONDS:
        message = f"Audio file is too short. Minimum audio length is {_LEAST_SECONDS} seconds."
        raise bad_request(message, "file", "audio_too_short")
    if deployment.model.startswith("gpt-4o") and sound.seconds > _MOST_SECONDS:
        message = (
            f"audio duration {sound.seconds:.6f} seconds is longer than {_MOST_SECONDS} seconds "
            "which is the maximum for this model"
        )
        raise bad_request(message, None, "invalid_value")
    if sound.is_cut:
        raise not_served("sound of more than four hours", "file")
    return sound


def _one(form: FormData, name: str) -> str:
    return (texts_of(form, name) or [""])[-1]


def _check_shape(api: str, deployment: Deployment, shape: str) -> None:
    rule = find_rule(api, deployment.versioned, "response_format")
    allowed = rule["allowed_values"].split("|") if rule else []
    known = {"json", "text", "srt", "verbose_json", "vtt", "diarized_json"}
    if shape not in known:
        message = f"Invalid value: '{shape}'. Supported values are: 'json', 'text', 'srt', 'verbose_json', and 'vtt'."
        raise bad_request(message, "response_format", "invalid_value")
    if shape not in allowed:
        message = (
            f"response_format '{shape}' is not compatible with model '{deployment.model}'. "
            "Use 'json' or 'text' instead."
        )
        raise bad_request(message, "response_format", "unsupported_value")


def _check_taken(api: str, deployment: Deployment, name: str, value: Any) -> None:
    rule = find_rule(api, deployment.versioned, name)
    if not value or rule is None:
        return
    if rule["accepted"] == "no" and name == "prompt":
        error = {"message": "Prompt is not supported for diarization models", "type": "invalid_request_error"}
        raise ServiceError(400, error)
    if rule["accepted"] == "no":
        message = f"Unsupported parameter: '{name}' is not supported with this model."
        raise bad_request(message, name, "unsupported_parameter")
    allowed = rule["allowed_values"].split("|") if rule["allowed_values"] else []
    for one in sorted(value) if allowed else []:
        if one not in allowed:
            listed = ", ".join(f"'{each}'" for each in allowed)
            raise bad_request(f"Invalid value: '{one}'. Supported values are: {listed}.", name, "invalid_value")
    if rule["measure"] == "items" and len(value) > int(rule["maximum"]):
        raise bad_request(f"Invalid '{name}': at most {rule['maximum']}, but got {len(value)}.", name)


def _read_chunking(form: FormData) -> str:
    """ "auto", "server_vad", or "" where none was sent: as a word, as JSON text, or as fields in brackets."""
    told = _one(form, "chunking_strategy") or _one(form, "chunking_strategy[type]")
    if told.startswith("{"):
        with contextlib.suppress(ValueError, AttributeError):
            told = str(json.loads(told).get("type"))
    if told not in ("", "auto", "server_vad"):
        message = f"Invalid value: '{told}'. Supported values are: 'auto' and 'server_vad'."
        raise bad_request(message, "chunking_strategy", "invalid_value")
    return told


def _read_temperature(form: FormData) -> float:
    told = _one(form, "temperature") or "0"
    try:
        temperature = float(told)
    except ValueError:
        message = f"Invalid type for 'temperature': expected a number, but got '{told}' instead."
        raise bad_request(message, "temperature", "invalid_type") from None
    if not 0 <= temperature <= 1:
        bound = "less than the minimum of 0" if temperature < 0 else "greater than the maximum of 1"
        raise bad_request(f"{told} is {bound} - 'temperature'")
    return temperature


def _check_language(language: str) -> str:
    if language and language not in LANGUAGES:
        message = f"Invalid language '{language}'. Language parameter must be specified in ISO-639-1 format."
        error = bad_request(message, "language", "invalid_language_format")
        raise ServiceError(error.status, error.error, beside={"usage": {"type": "duration", "seconds": 0}})
    return language


def _check_ending(file: UploadFile) -> None:
    stem, dot, ending = (file.filename or "").rpartition(".")
    if not dot or not stem:
        raise bad_request("Unrecognized file format", "file", "unsupported_format")
    if ending.lower() not in _ENDINGS:
        raise bad_request(f"Unsupported file format {ending}", "file", "unsupported_value")
