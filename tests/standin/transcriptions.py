"""Sound to text: audio/transcriptions and audio/translations, in the dated form and in v1."""

import base64
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import anyio
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.standin.answering import Answering, event
from tests.standin.deployments import Deployment
from tests.standin.forms import read_form
from tests.standin.front import Front, find_dated, find_named
from tests.standin.images import next_seed
from tests.standin.refusals import engine_absent
from tests.standin.sound.files import Sound
from tests.standin.sound.hearing import Segment, Turn
from tests.standin.transcriptions_request import Wanted, check_transcription, read_sound
from tests.standin.transcripts import caption, join_text, tell_duration, tell_logprobs, tell_speakers, tell_verbose
from tests.standin.weights import WeightsError
from tests.standin.wire import REGION, event_headers, json_response, make_id

__all__ = ["ROUTES", "hear_alone", "take_segments"]

_MOST_BYTES = 26_214_400  # of the whole body
_TOKENS_PER_SECOND = 10  # of sound, as recorded answers of the gpt-4o models count it
_CLOSING = 2  # tokens beside those of the text, in four recorded answers of five
_OPERATIONS = {"transcription": "Transcriptions_Create", "translation": "Translations_Create"}


async def _answer(api: str, request: Request, deployment: Deployment, form: FormData) -> Response:
    wanted = check_transcription(api, deployment, form)
    sound = await read_sound(deployment, form)
    front: Front = request.app.state.front
    api_version = request.query_params.get("api-version")
    is_diarized = wanted.shape == "diarized_json"
    note = deployment.hearing.method if is_diarized else deployment.hearing.note
    answering = Answering(front, deployment, _OPERATIONS[api], api_version, [], 0, 0, make_id("snd"), note=note)
    if deployment.model == "whisper":
        seconds = tell_duration(sound.seconds)["seconds"]
        answering.headers["csp-billing-usage"] = f"CognitiveServices.OpenAI.Whisper={seconds}"
    # A higher temperature draws anew each time it is asked, and not otherwise.
    seed = next_seed(front, deployment, base64.b64encode(sound.digest).decode()) if wanted.asked.temperature else 0
    asked = replace(wanted.asked, seed=seed)
    try:
        turns = await run_in_threadpool(deployment.hearing.tell_turns, sound) if is_diarized else []
        language, segments = await hear_alone(deployment.hearing, sound, asked)
    except (WeightsError, ImportError, OSError) as error:
        raise engine_absent(answering.label, error) from None
    if wanted.stream:
        events = _stream(answering, wanted, sound, language, segments, turns)
        headers = {**answering.headers, **event_headers(answering.label)}
        return StreamingResponse(events, 200, headers, media_type="text/event-stream")
    heard: list[Segment] = []
    async with aclosing(take_segments(segments)) as taken:
        async for segment in taken:
            heard.append(segment)
            if await request.is_disconnected():
                return Response()
    return _tell(answering, wanted, sound, language, heard, turns)


async def hear_alone(hearing: Any, sound: Any, asked: Any) -> tuple[str, Iterator[Segment]]:
    """What `hearing.hear` returns. Who waits for the engine has a thread of its own: in the common pool forty who wait
    would leave none to the one that is heard."""
    return await anyio.to_thread.run_sync(hearing.hear, sound, asked, limiter=anyio.CapacityLimiter(1))


async def take_segments(segments: Iterator[Segment]) -> AsyncIterator[Segment]:
    """Segments as they are heard; the engine is free again when nobody takes any more."""
    try:
        async for segment in iterate_in_threadpool(segments):
            yield segment
    finally:
        segments.close()  # type: ignore[attr-defined]


def _tell(
    answering: Answering,
    wanted: Wanted,
    sound: Sound,
    language: str,
    heard: Sequence[Segment],
    turns: Sequence[Turn],
) -> Response:
    text = join_text(heard)
    if wanted.shape in ("text", "srt", "vtt"):
        told = f"{text}\n" if wanted.shape == "text" else caption(heard, wanted.shape)
        headers = {**answering.headers, "x-standin-engine": answering.label, "x-ms-region": REGION}
        return Response(told, 200, {**headers, "x-content-type-options": "nosniff"}, media_type="text/plain")
    body: dict[str, Any] = {"text": text}
    if wanted.shape == "verbose_json":
        body = tell_verbose(wanted.asked.task, language, sound.seconds, heard, wanted.details)
    else:
        if wanted.shape == "diarized_json":
            body |= {"task": "transcribe", "duration": sound.seconds, "segments": tell_speakers(heard, turns)}
        body |= _languages(answering, language, text)
        if wanted.logprobs:
            body["logprobs"] = tell_logprobs(heard)
        body["usage"] = _usage(answering, wanted, sound, text)
    return json_response(body, headers=answering.headers, engine=answering.label)


async def _stream(
    answering: Answering,
    wanted: Wanted,
    sound: Sound,
    language: str,
    segments: Iterator[Segment],
    turns: Sequence[Turn],
) -> AsyncIterator[bytes]:
    """A delta for each word of a segment, when the segment has been heard; at last who spoke, where that is asked."""
    heard: list[Segment] = []
    text = ""
    async with aclosing(take_segments(segments)) as taken:
        async for segment in taken:
            heard.append(segment)
            for piece, odds in segment.pieces or [(word, None) for word in _split_words(segment.text)]:
                piece = piece if text else piece.lstrip()
                text += piece
                told: dict[str, Any] = {"type": "transcript.text.delta", "delta": piece}
                if odds is not None:
                    told["logprobs"] = [{"token": piece, "logprob": odds, "bytes": list(piece.encode())}]
                yield event(told)
    for one in tell_speakers(heard, turns) if turns else []:
        yield event(one)
    done: dict[str, Any] = {"type": "transcript.text.done", "text": join_text(heard)}
    done |= _languages(answering, language, done["text"])
    if wanted.logprobs:
        done["logprobs"] = tell_logprobs(heard)
    yield event({**done, "usage": _usage(answering, wanted, sound, done["text"])})


def _languages(answering: Answering, language: str, text: str) -> dict[str, Any]:
    """Only gpt-transcribe names what it heard; in silence it hears none."""
    named = [{"code": language}] if text else []
    return {"languages": named} if answering.deployment.model == "gpt-transcribe" else {}


def _split_words(text: str) -> list[str]:
    words = text.split(" ")
    return [word if number == 0 else f" {word}" for number, word in enumerate(words) if word or number]


def _usage(answering: Answering, wanted: Wanted, sound: Sound, text: str) -> dict[str, Any]:
    """Seconds for whisper and gpt-transcribe, tokens for the gpt-4o models: of their sound, the prompt, the text."""
    deployment, count = answering.deployment, answering.front.count_prompt
    if deployment.model in ("whisper", "gpt-transcribe"):
        return tell_duration(sound.seconds)
    audio = int(sound.seconds * _TOKENS_PER_SECOND)
    prompt, written = (count.text(one, deployment.encoding) for one in (wanted.asked.prompt, text))
    return {
        "type": "tokens",
        "total_tokens": audio + prompt + written + _CLOSING,
        "input_tokens": audio + prompt,
        "input_token_details": {"text_tokens": prompt, "audio_tokens": audio},
        "output_tokens": written + _CLOSING,
    }


def _routes(operation: str, api: str) -> list[Route]:
    async def answer_dated(request: Request) -> Response:
        deployment = find_dated(request)
        return await _answer(api, request, deployment, await read_form(request, 4, _MOST_BYTES))

    async def answer_v1(request: Request) -> Response:
        form = await read_form(request, 4, _MOST_BYTES)
        model = form.get("model")
        named = find_named(request, {"model": model if isinstance(model, str) else None})
        return await _answer(api, request, named, form)

    return [
        Route(f"/openai/deployments/{{deployment}}/{operation}", answer_dated, methods=["POST"]),
        Route(f"/openai/v1/{operation}", answer_v1, methods=["POST"]),
    ]


ROUTES = [*_routes("audio/transcriptions", "transcription"), *_routes("audio/translations", "translation")]
