"""Each exercise: untouched, plausible wrong answers with hints of their own, and the solution."""

import base64
import datetime
import io
from types import SimpleNamespace
from typing import Annotated, Literal

import httpx2
import numpy as np
import pytest
from openai import APIConnectionError, BadRequestError
from PIL import Image
from pydantic import Field, create_model

from helpers import check, connect
from helpers.audio import Sound
from helpers.captions import Caption
from helpers.conversation_costs import conversation_costs
from helpers.costs import list_price
from helpers.errors import CourseError, RecordingNotFound
from helpers.images import data_url, mask_of, picture_file, read_picture
from helpers.settings import ROOT

USAGE = SimpleNamespace(prompt_tokens=20, completion_tokens=60, total_tokens=80)


class Replayed:
    """A client of a notebook's recordings, connected when first asked: what a reader may send must be among them."""

    def __init__(self, notebook):
        self._notebook = notebook

    @property
    def chat(self):
        return connect(self._notebook).chat

    @property
    def audio(self):
        return connect(self._notebook).audio

    @property
    def realtime(self):
        return connect(self._notebook).realtime


def without(request, name):
    return {key: value for key, value in request.items() if key != name}


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

BILL = {"mean_prompt": 50.5, "model": "gpt-5.4-nano", "messages": 100_000, "output_tokens": 2}
NANO_IN, NANO_OUT = (list_price("gpt-5.4-nano", item).usd for item in ("input", "output"))
OLD = {
    "model": "gpt-4o", "temperature": 0, "max_tokens": 40,
    "messages": [{"role": "user", "content": "Name three uses of a brick."}],
}  # fmt: skip


def send_recorded(**asked):
    return connect("02_language_models").chat.completions.create(**asked)


def moved(**changed):
    """The request of 02.moved; changed: other parameters, or None for one to leave out."""
    asked = {"model": "gpt-5.4-mini", "messages": OLD["messages"], "max_completion_tokens": 40}
    asked |= {"reasoning_effort": "none"} | changed
    return {name: value for name, value in asked.items() if value is not None}


def embed(model, input):
    """An answer as the SDK gives it; one engine stands in for the two smaller models."""
    engine = "large" if model.endswith("large") else "small"
    return SimpleNamespace(model=engine, data=[SimpleNamespace(embedding=[0.6, 0.8])])


HARBOUR = {
    "client": SimpleNamespace(embeddings=SimpleNamespace(create=embed)),
    "question": "Where?",
    "passages": ["At the quay.", "Behind the wall."],
    "names": ["Quay", "Wall"],
    "rows": np.array([[1.0, 0.0], [0.0, 1.0]]),
    "made_by": "large",
}


def draw(model, prompt, size, quality, background="opaque", output_format="png"):
    """An answer as the SDK gives it: with a transparent ground, a picture of which three quarters are clear."""
    picture = Image.new("RGBA", (8, 8), (0, 0, 0, 0 if background == "transparent" else 255))
    picture.paste((200, 160, 60, 255), (0, 0, 8, 2))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    item = SimpleNamespace(b64_json=base64.b64encode(buffer.getvalue()).decode())
    return SimpleNamespace(data=[item], usage=SimpleNamespace(output_tokens=272), size=size, quality=quality)


DRAWING = SimpleNamespace(images=SimpleNamespace(generate=draw))
ICON = {"client": DRAWING, "prompt": "An icon: a star"}
STAR = {
    "model": "gpt-image-1-mini", "prompt": "An icon: a star", "size": "1024x1024", "quality": "low",
    "background": "transparent",
}  # fmt: skip
WRITTEN = {"model": "dall-e-3", "prompt": "A tent", "size": "1792x1024", "quality": "hd", "style": "natural"}
TENT = {"model": "gpt-image-1-mini", "prompt": "A tent", "size": "1536x1024", "quality": "high"}
CATALOGUE = {"model": "gpt-image-2", "size": "1536x1024", "products": 250, "prompt_tokens": 120}
DRAWN, ASKED = (list_price("gpt-image-2", item).usd / 1e6 for item in ("image_output", "input"))
FOUR_PROMPTS = 4 * 120 * ASKED
PAIRS = {
    "cosines": np.array([0.95, 0.904, 0.85, 0.8, 0.5]),
    "known": np.array([True, True, False, True, False]),
    "engine": "gte-small",
}


PENS = (
    "Pens are sold at 3 for 2 euros. Ann buys 12 pens and pays with a 20 euro note. "
    "How many euros does she get back? Answer with a number."
)
RULE = {"role": "developer", "content": "Answer with a number and nothing else."}
HABIT = {
    "model": "gpt-4o",
    "messages": [RULE | {"role": "system"}, {"role": "user", "content": PENS}],
    "max_tokens": 300,
    "temperature": 0,
}


def carried(**changed):
    """The request of 04.request; changed: other parameters, or further ones; None leaves one out."""
    request = {"model": "gpt-5.4-mini", "messages": [RULE, HABIT["messages"][1]]}
    request |= {"reasoning_effort": "low", "max_completion_tokens": 25_000}
    return {name: value for name, value in (request | changed).items() if value is not None}


def answering(create):
    """A client whose chat completions are made by `create`."""
    return SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))


THINKING = {"model": "gpt-5.4-mini", "requests": 50_000, "prompt": 300, "shown": 150, "hidden": 600}
MINI54_IN, MINI54_OUT = (list_price("gpt-5.4-mini", item).usd for item in ("input", "output"))


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
GET_PRICE, BOOK_VISIT = ({"type": "function", "function": {"name": name}} for name in ("get_price", "book_visit"))


MISSING = "Missing required parameter: 'tool_choice.function.name'."


def refused(message):
    """As the SDK raises what a service answered with 400."""
    body = {"error": {"message": message, "code": "missing_required_parameter", "param": "tool_choice"}}
    asked = httpx2.Request("POST", "https://contoso.openai.azure.com/openai/v1/chat/completions")
    return BadRequestError(message, response=httpx2.Response(400, json=body, request=asked), body=body["error"])


def send_settings(tool_choice="auto", parallel_tool_calls=True):
    """What a service might answer to the two messages of 03.forced: the names of the calls in each."""
    if not isinstance(parallel_tool_calls, bool):
        raise RecordingNotFound("no recorded answer for this request")
    if isinstance(tool_choice, dict) and "function" not in tool_choice:
        raise refused(MISSING)
    said = {"auto": (["get_price"], []), "none": ([], []), "required": (["get_price"], ["get_opening_hours"])}
    called = (["get_price"], ["get_price"] * 2) if isinstance(tool_choice, dict) else said[tool_choice]
    if not parallel_tool_calls:
        called = ["get_price"], ["get_price"]
    return [answer_with(names) for names in called]


def answer_with(names):
    calls = [SimpleNamespace(function=SimpleNamespace(name=name)) for name in names]
    return SimpleNamespace(choices=[SimpleNamespace(message=SimpleNamespace(tool_calls=calls or None))])


def visit(**changed):
    """The model of 03.visit; changed: other types of its fields, or further ones."""
    return create_model("Visit", **({"day": Literal[DAYS], "time": str, "name": str | None} | changed))


def shown(view, detail, text=None, **more):
    """The request of 05.request; view: of VIEWS, or another URL. more: other parameters."""
    picture = {"url": VIEWS.get(view, view)} | ({"detail": detail} if detail else {})
    parts = [{"type": "text", "text": text or ARTICLE}, {"type": "image_url", "image_url": picture}]
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": parts}]} | more


ARTICLE = "What is the article number? Answer with the number."
COFFEE = read_picture(ROOT / "data" / "media" / "vision" / "label_coffee.png")
VIEWS = {"whole": data_url(COFFEE), "edge": data_url(COFFEE.crop((0, 400, 512, 512)))}
LABEL = {"client": Replayed("05_multimodal_models"), "question": ARTICLE, "views": VIEWS, "print_px": 7.5}
PHOTO = {"model": "gpt-5.4-mini", "width": 4032, "height": 3024, "budget": 500}


def find_reasons(receipt, today, room=0.005, reads_dates=True, fails=False, looks_ahead=True, length=10):
    """The function of 05.reasons, or one that leaves something out."""
    found = []
    if abs(sum(line.euros for line in receipt.lines) - receipt.total) >= room:
        found.append("the lines do not add up to the total")
    if not reads_dates:
        return found
    try:
        day = datetime.datetime.strptime(receipt.date, "%Y-%m-%d").date()
        if looks_ahead and day > today:
            found.append("the date is after today")
        if length and len(receipt.date) != length:
            found.append("no date of the form YYYY-MM-DD")
    except ValueError:
        if fails:
            raise
        found.append("no real date")
    return found


# (exercise, what its cell hands over, the solution, {wrong answer's name: (wrong answer, a part of its hint)})
ROOM = Image.new("RGB", (1008, 672), "ivory")
EDITED = Image.new("RGB", ROOM.size, "navy")
BOXES = {"window": [594, 72, 882, 360], "portrait": [408, 92, 520, 240]}
WINDOW = mask_of(ROOM.size, (594, 72, 882, 360))
VIEW = "A harbour."


def edit_picture(*, model, image, mask, prompt, quality):
    """An answer as the SDK gives it: the picture, edited within the mask."""
    done = Image.composite(ROOM, EDITED, read_picture(mask[1]).getchannel("A"))
    return SimpleNamespace(data=[SimpleNamespace(b64_json=base64.b64encode(picture_file(done)[1]).decode())])


def asks_to_edit(mask=WINDOW, **changed):
    """The request of 08.request; changed: other parameters, or None for one to leave out."""
    asked = {"model": "gpt-image-1-mini", "image": picture_file(ROOM), "mask": picture_file(mask), "prompt": VIEW}
    asked |= {"quality": "low"} | changed
    return {name: value for name, value in asked.items() if value is not None}


REPAINT = {
    "client": SimpleNamespace(images=SimpleNamespace(edit=edit_picture)),
    "prompt": VIEW,
    "picture": ROOM,
    "boxes": BOXES,
}
KEEPS = {"before": ROOM, "after": EDITED, "mask": WINDOW}
DELAY = "Line two is late. The next tram comes in six minutes."


def speak(*, model, voice, input, response_format, speed):
    """Silence as long as somebody would need, in the SDK's manner."""
    samples = np.zeros(round(len(input) / 14 / speed * 24_000), np.float32)
    return SimpleNamespace(content=Sound(samples, 24_000).to_wav())


def asks_to_speak(**changed):
    """The request of 10.request; changed: other parameters, or None for one to leave out."""
    asked = {"model": "gpt-4o-mini-tts", "voice": "onyx", "input": DELAY, "response_format": "opus", "speed": 1.5}
    return {name: value for name, value in (asked | changed).items() if value is not None}


SPEAK = {"client": SimpleNamespace(audio=SimpleNamespace(speech=SimpleNamespace(create=speak))), "text": DELAY}
SPOKEN_NOTE = "Doctor Ito is in on the seventh of August from nine to eleven in the morning, four Saint Paul Street."
SENT_BOTH = 2 * (65 + 129 + 4_160)  # tokens of a photo, which is brought to one tile, and of a logo
IMG_IN, IMG_OUT = (list_price("gpt-image-1.5", item).usd for item in ("image_input", "image_output"))

HINTS = "Siobhan Kowalczyk, Joaquin Nguyen, Xanadu Hotel, Reykjavik"
NAMES = {
    "client": Replayed("09_speech_recognition"),
    "file": ROOT / "data" / "media" / "listening" / "names.mp3",
    "names": [name for name in HINTS.replace(",", "").split() if name != "Hotel"],
    "hints": HINTS,
}
UNSURE_NAMES = {"model": "gpt-4o-mini-transcribe", "prompt": HINTS, "include": ["logprobs"], "language": "en"}


def group_words(words, most, space=1):
    groups = []
    for word in words:
        length = sum(len(one.word) + space for one in [*(groups[-1] if groups else []), word]) - space
        if groups and length <= most:
            groups[-1].append(word)
        else:
            groups.append([word])
    return [Caption(group[0].start, group[-1].end, " ".join(one.word for one in group)) for group in groups]


OF_THE_PREVIEW = {
    "modalities": ["text", "audio"], "voice": "coral", "instructions": "Be brief.", "input_audio_format": "pcm16",
    "output_audio_format": "pcm16", "input_audio_transcription": {"model": "gpt-4o-mini-transcribe"},
    "turn_detection": None, "max_response_output_tokens": 200,
}  # fmt: skip
HEARD = {"turn_detection": None, "transcription": {"model": "gpt-4o-mini-transcribe"}}
OF_TODAY = {
    "type": "realtime", "output_modalities": ["audio"], "instructions": "Be brief.", "max_output_tokens": 200,
    "audio": {"input": HEARD, "output": {"voice": "coral"}},
}  # fmt: skip
LONG_CALL, SHORT_CALL = (
    conversation_costs("gpt-realtime-2.1", 4, assistant_seconds=seconds).usd.sum() for seconds in (10, 5)
)


def with_audio(**sides):
    return OF_TODAY | {"audio": OF_TODAY["audio"] | sides}


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
        "02.moved",
        {"old": OLD, "send": send_recorded},
        moved(),
        {
            "as it was": (dict(OLD), "goes to 'gpt-4o'"),
            "the model alone": ({**OLD, "model": "gpt-5.4-mini"}, "refused `"),
            "the old name of the limit": (moved(max_completion_tokens=None, max_tokens=40), "refused `max_tokens`"),
            "with its temperature": (moved(temperature=0), "refused `temperature`"),
            "no limit": (moved(max_completion_tokens=None), "got lost"),
            "both limits": (moved(max_tokens=40), "one limit only"),
            "nothing about reasoning": (moved(reasoning_effort=None), "does not say that no token goes to reasoning"),
            "another effort": (moved(reasoning_effort="low"), "lets the model reason"),
            "another limit": (moved(max_completion_tokens=400), "The limit was 40"),
            "other messages": (moved(messages=[]), "Keep the messages"),
            "a setting more": (moved(verbosity="high"), "Nobody recorded"),
            "a slip of the pen": (moved(temprature=0), "knows no such parameter"),
            "the name alone": ("gpt-5.4-mini", "A dictionary was expected"),
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
            "a pattern": (visit(time=Annotated[str, Field(pattern=r"\d\d:\d\d")]), "leaves 'pattern' out"),
            "another field": (visit(wood=str), "Exactly three fields"),
            "an object": (visit()(day="monday", time="11:00", name=None), "A class was expected"),
        },
    ),
    (
        "03.forced",
        {"send": send_settings},
        {"tool_choice": GET_PRICE, "parallel_tool_calls": False},
        {
            "left out": ({}, "free to make none"),
            "none": ({"tool_choice": "none"}, "forbids calls"),
            "required": ({"tool_choice": "required"}, "free to choose"),
            "required, one": (
                {"tool_choice": "required", "parallel_tool_calls": False},
                "nothing here names the tool",
            ),
            "several": ({"tool_choice": GET_PRICE}, "holds 2 calls"),
            "as in Responses": (
                {"tool_choice": {"type": "function", "name": "get_price"}},
                "Missing required parameter: 'tool_choice.function.name'. Section 13",
            ),
            "another tool": ({"tool_choice": BOOK_VISIT}, "names 'book_visit'"),
            "a text": ({"parallel_tool_calls": "no"}, "Nobody has recorded"),
            "another setting": ({"temperature": 0}, "Leave out temperature"),
            "no settings": ("get_price", "A dictionary of settings"),
        },
    ),
    (
        "04.request",
        {"habit": HABIT, "client": Replayed("04_reasoning_models")},
        carried(),
        {
            "the habit itself": (HABIT, "should be gpt-5.4-mini"),
            "the old limit": (carried(max_tokens=300), "refuses max_tokens"),
            "a setting of the Responses API": (carried(reasoning={"effort": "low"}), "Responses API"),
            "a temperature": (carried(temperature=0), "temperature out"),
            "no effort": (carried(reasoning_effort=None), "may not reason at all"),
            "little room": (carried(max_completion_tokens=300), "see section 5"),
            "further settings": (carried(n=1), "Leave out n"),
            "no messages": (carried(messages=None), "needs messages"),
            "no list": (carried(messages=RULE), "list of dictionaries"),
            "the old role": (carried(messages=HABIT["messages"]), "still a system message"),
            "no rule": (carried(messages=HABIT["messages"][1:]), "Two messages"),
            "another question": (carried(messages=[RULE, {"role": "user", "content": "?"}]), "stay as they are"),
            "a name": (carried(messages=[RULE, HABIT["messages"][1] | {"name": "Ann"}]), "no more"),
            "no dictionary": ("gpt-5.4-mini", "A dictionary was expected"),
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
        50_000 * (300 * MINI54_IN + 750 * MINI54_OUT) / 1e6,
        {
            "not per million": (50_000 * (300 * MINI54_IN + 750 * MINI54_OUT), "million times"),
            "one request": ((300 * MINI54_IN + 750 * MINI54_OUT) / 1e6, "one request"),
            "what is shown": (50_000 * (300 * MINI54_IN + 150 * MINI54_OUT) / 1e6, "hidden tokens are missing"),
            "hidden as input": (50_000 * (900 * MINI54_IN + 150 * MINI54_OUT) / 1e6, "output, not input"),
            "the prompt left out": (50_000 * 750 * MINI54_OUT / 1e6, "prompt is missing"),
            "what is shown left out": (50_000 * (300 * MINI54_IN + 600 * MINI54_OUT) / 1e6, "shown tokens are missing"),
            "in cents": (50_000 * (300 * MINI54_IN + 750 * MINI54_OUT) / 1e4, "cents"),
            "a guess": (1.0, "Price the input"),
        },
    ),
    (
        "05.request",
        LABEL,
        shown("edge", "low"),
        {
            "the whole, low": (shown("whole", "low"), "shrinks this picture to 512"),
            "the whole, high": (shown("whole", "high"), "a smaller piece of the label"),
            "the whole, auto": (shown("whole", "auto"), "counts for 425 tokens"),
            "the edge, high": (shown("edge", "high"), "less detail"),
            "no detail": (shown("edge", None), "Nobody recorded this request"),
            "original": (shown("edge", "original"), "knows no other"),
            "another question": (shown("edge", "low", "What does it cost?"), "Ask the question"),
            "another picture": (shown("https://example.com/a.png", "low"), "one of the two"),
            "another model": (shown("edge", "low", model="gpt-5.4-mini"), "goes to gpt-4o"),
            "a limit": (shown("edge", "low", max_tokens=20), "Leave out max_tokens"),
            "no messages": ({"model": "gpt-4o"}, "needs messages"),
            "a text alone": (
                {"model": "gpt-4o", "messages": [{"role": "user", "content": ARTICLE}]},
                "a list of parts",
            ),
            "the URL alone": (VIEWS["edge"], "A dictionary was expected"),
        },
    ),
    (
        "05.side",
        PHOTO,
        736,
        {
            "too large": (1024, "which is more than 500"),
            "smaller than needed": (640, "would fit too"),
            "the photo itself": (4032, "has only 4,032 pixels"),
            "half a pixel": (736.5, "A whole number"),
            "a text": ("736", "A number of pixels"),
        },
    ),
    (
        "05.reasons",
        {},
        find_reasons,
        {
            "no room at all": (lambda receipt, today: find_reasons(receipt, today, room=1e-20), "to the cent"),
            "too much room": (lambda receipt, today: find_reasons(receipt, today, room=1), "a cent too low"),
            "amounts alone": (
                lambda receipt, today: find_reasons(receipt, today, reads_dates=False),
                "a date after today",
            ),
            "no look at the day": (
                lambda receipt, today: find_reasons(receipt, today, looks_ahead=False),
                "lets through a date after",
            ),
            "short forms taken": (lambda receipt, today: find_reasons(receipt, today, length=0), "2026-1-4"),
            "it fails on a date": (lambda receipt, today: find_reasons(receipt, today, fails=True), "It fails on"),
            "the total alone": (lambda receipt, today: [] if receipt.total < 60 else ["large"], "not the sum"),
            "everything": (lambda receipt, today: ["always"], "It sends a right receipt"),
            "a bool": (lambda receipt, today: True, "return a list"),
            "called": ([], "no brackets"),
        },
    ),
    (
        "06.request",
        HARBOUR,
        {"model": "text-embedding-3-large", "input": "Where?"},
        {
            "another model": ({"model": "text-embedding-3-small", "input": "Where?"}, "two models' vectors"),
            "the oldest model, as a list": (
                {"model": "text-embedding-ada-002", "input": ["Where?"]},
                "small gave this",
            ),
            "passages too": (
                {"model": "text-embedding-3-large", "input": ["Where?", "At the quay."]},
                "have their vectors",
            ),
            "other words": ({"model": "text-embedding-3-large", "input": "Where is it?"}, "as it stands"),
            "shorter": ({"model": "text-embedding-3-large", "input": "Where?", "dimensions": 256}, "full length"),
            "more": ({"model": "text-embedding-3-large", "input": "Where?", "encoding_format": "float"}, "are enough"),
            "no input": ({"model": "text-embedding-3-large"}, "needs input"),
            "empty": ({}, "needs model and input"),
            "a chat model": ({"model": "gpt-5.4-mini", "input": "Where?"}, "No embedding model"),
            "tokens": ({"model": "text-embedding-3-large", "input": [1, 2]}, "a text or a list of texts"),
            "the text alone": ("Where?", "A dictionary was expected"),
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
    (
        "07.icon",
        ICON,
        STAR,
        {
            "no background": (without(STAR, "background"), "asks for a transparent"),
            "JPEG": (STAR | {"output_format": "jpeg"}, "PNG can be transparent"),
            "a model that refuses it": (STAR | {"model": "gpt-image-2"}, "Section 6 shows"),
            "a dearer model": (STAR | {"model": "gpt-image-1.5"}, "gpt-image-1.5 takes $0.0087"),
            "the newest model": (STAR | {"model": "gpt-image-2.5-flare"}, "gpt-image-2.5-flare takes $0.0059"),
            "another quality": (STAR | {"quality": "medium"}, "Another quality costs less"),
            "the smallest size of another model": (STAR | {"size": "1024x640"}, "knows 1024x1024, 1024x1536"),
            "auto": (STAR | {"size": "auto"}, "Say the smallest of its sizes"),
            "n": (STAR | {"n": 2}, "One icon is wanted"),
            "more": (STAR | {"style": "natural"}, "Not needed here: style"),
            "another prompt": (STAR | {"prompt": "A star"}, "Leave the prompt as it stands"),
            "no model": (without(STAR, "model"), "needs model"),
            "the prompt alone": ("An icon: a star", "A dictionary was expected"),
        },
    ),
    (
        "07.corrected",
        {"client": DRAWING, "written": WRITTEN},
        TENT,
        {
            "as it was": (WRITTEN, "The call is for gpt-image-1-mini"),
            "style left in": (TENT | {"style": "natural"}, "style is not known"),
            "response_format": (TENT | {"response_format": "b64_json"}, "base64 comes in any case"),
            "the size left": (TENT | {"size": "1792x1024"}, "The service would refuse it. size"),
            "the quality left": (TENT | {"quality": "hd"}, "The service would refuse it. quality"),
            "a portrait": (TENT | {"size": "1024x1536"}, "not 1024x1536"),
            "no size": (without(TENT, "size"), "not None"),
            "another quality": (TENT | {"quality": "medium"}, "Which is it now? Not medium"),
            "more": (TENT | {"n": 2}, "Not needed here: n"),
            "another prompt": (TENT | {"prompt": "A tent, natural"}, "Leave the prompt"),
        },
    ),
    (
        "07.bill",
        CATALOGUE,
        250 * ((3 * 158 + 5_488) * DRAWN + FOUR_PROMPTS),
        {
            "without prompts": (250 * (3 * 158 + 5_488) * DRAWN, "The prompts are missing"),
            "one prompt": (250 * ((3 * 158 + 5_488) * DRAWN + FOUR_PROMPTS / 4), "Each of the four requests"),
            "without drafts": (250 * (5_488 * DRAWN + FOUR_PROMPTS / 4), "three drafts are missing"),
            "all in high": (250 * (4 * 5_488 * DRAWN + FOUR_PROMPTS), "only the final is high"),
            "one product": ((3 * 158 + 5_488) * DRAWN + FOUR_PROMPTS, "one product"),
            "not per million": (250e6 * ((3 * 158 + 5_488) * DRAWN + FOUR_PROMPTS), "for a million tokens"),
            "squares": (250 * ((3 * 196 + 7_024) * DRAWN + FOUR_PROMPTS), "That is a square"),
            "a guess": (1.0, "Add the picture tokens"),
        },
    ),
    (
        "08.keep",
        KEEPS,
        lambda before, after, mask: Image.composite(before, after, mask.getchannel("A")),
        {
            "the wrong way round": (
                lambda before, after, mask: Image.composite(after, before, mask.getchannel("A")),
                "other way round",
            ),
            "the edit as it came": (lambda before, after, mask: after, "Outside the mask"),
            "the picture as it was": (lambda before, after, mask: before, "Inside the mask"),
            "nothing comes back": (lambda before, after, mask: None, "Does it return a picture"),
            "another size": (lambda before, after, mask: before.resize((10, 10)), "(10, 10) pixels"),
            "see-through": (
                lambda before, after, mask: Image.composite(before.convert("RGBA"), mask, mask.getchannel("A")),
                "transparent parts",
            ),
            "it fails": (lambda before, after, mask: mask["A"], "It fails: TypeError"),
            "no function": (True, "A function of three pictures"),
        },
    ),
    (
        "08.request",
        REPAINT,
        asks_to_edit(),
        {
            "the wall, too": (asks_to_edit(mask_of(ROOM.size, (580, 60, 900, 370))), "frees more"),
            "half of it": (asks_to_edit(mask_of(ROOM.size, (594, 72, 700, 360))), "only a part"),
            "another place": (asks_to_edit(mask_of(ROOM.size, (408, 92, 520, 240))), "another place"),
            "white": (asks_to_edit(Image.new("RGB", ROOM.size, "white")), "no transparency"),
            "half of the size": (asks_to_edit(WINDOW.resize((504, 336))), "504 x 336"),
            "no mask": (asks_to_edit(mask=WINDOW) | {"mask": None}, "needs mask"),
            "a dearer model": (asks_to_edit(model="gpt-image-2"), "a cheaper one"),
            "a retired model": (asks_to_edit(model="gpt-image-1"), "no model of section 1"),
            "a better quality": (asks_to_edit(quality="medium"), "lower quality than medium"),
            "an odd quality": (asks_to_edit(quality="hd"), "No quality is called 'hd'"),
            "other words": (asks_to_edit(prompt="A beach."), "as it stands"),
            "another picture": (asks_to_edit(image=picture_file(EDITED)), "not the room"),
            "a picture as text": (asks_to_edit(image="room"), "image is sent as a file"),
            "more": (asks_to_edit(size="1536x1024", n=1), "Leave n, size out"),
            "no dictionary": ("gpt-image-1-mini", "A dictionary was expected"),
        },
    ),
    (
        "08.bill",
        {},
        1_000 * (SENT_BOTH * IMG_IN + 1_056 * IMG_OUT) / 1e6,
        {
            "one edit": ((SENT_BOTH * IMG_IN + 1_056 * IMG_OUT) / 1e6, "one edit"),
            "what is drawn": (1_056 * IMG_OUT / 1e3, "sent are missing"),
            "what is sent": (SENT_BOTH * IMG_IN / 1e3, "drawn is missing"),
            "low fidelity": ((2 * 194 * IMG_IN + 1_056 * IMG_OUT) / 1e3, "High fidelity is missing"),
            "the photo alone": (((194 + 4_160) * IMG_IN + 1_056 * IMG_OUT) / 1e3, "logo is a picture"),
            "cents": ((SENT_BOTH * IMG_IN + 1_056 * IMG_OUT) / 10, "In cents"),
            "not per million": ((SENT_BOTH * IMG_IN + 1_056 * IMG_OUT) * 1e3, "per 1,000,000"),
            "a guess": (1.0, "Add up the tokens"),
        },
    ),
    (
        "09.request",
        NAMES,
        UNSURE_NAMES,
        {
            "no hint": (without(UNSURE_NAMES, "prompt"), "names go wrong"),
            "no probabilities": (without(UNSURE_NAMES, "include"), "Nothing asks for the log probabilities"),
            "no language": (without(UNSURE_NAMES, "language"), "Say the language"),
            "text alone": (UNSURE_NAMES | {"response_format": "text"}, "text has no log probabilities"),
            "keywords": (UNSURE_NAMES | {"keywords": ["Nguyen"]}, "takes no keywords"),
            "whisper": (UNSURE_NAMES | {"model": "whisper"}, "whisper refuses include"),
            "a dearer model": (UNSURE_NAMES | {"model": "gpt-transcribe"}, "costs less"),
            "a chat model": (UNSURE_NAMES | {"model": "gpt-5.4-mini"}, "transcribes nothing"),
            "more": (UNSURE_NAMES | {"temperature": 0}, "Not needed here: temperature"),
            "the file": (UNSURE_NAMES | {"file": "names.mp3"}, "the check adds it"),
            "no dictionary": ("gpt-4o-mini-transcribe", "A dictionary was expected"),
        },
    ),
    (
        "09.requests",
        {"recordings": 40, "minutes": 50, "kbits": 96},
        120,
        {
            "one recording": (3, "one recording"),
            "by size": (80, "And by time?"),
            "both limits": (200, "do not add them"),
            "as they are": (40, "neither limit allows it"),
            "all in one": (87, "two recordings"),
            "a guess": (7, "the larger number holds"),
            "a text": ("120", "A number was expected"),
        },
    ),
    (
        "09.captions",
        {},
        group_words,
        {
            "the last is lost": (lambda words, most: group_words(words, most)[:-1], "the last caption is missing"),
            "spaces do not count": (lambda words, most: group_words(words, most, space=0), "spaces count"),
            "one word each": (lambda words, most: group_words(words, 0), "more words fit"),
            "it ends late": (
                lambda words, most: [
                    Caption(one.start_s, one.end_s + 0.1, one.text) for one in group_words(words, most)
                ],
                "with its last word",
            ),
            "it begins at 0": (
                lambda words, most: [Caption(0, one.end_s, one.text) for one in group_words(words, most)],
                "with its first word",
            ),
            "words doubled": (
                lambda words, most: group_words([*words, *words], most),
                "words are lost, doubled or moved",
            ),
            "an empty caption": (
                lambda words, most: [
                    part
                    for one in group_words(words, most)
                    for part in ([Caption(0, 0, "")] if len(one.text) > most else []) + [one]
                ],
                "one caption is empty",
            ),
            "it fails without words": (
                lambda words, most: words[0] and group_words(words, most),
                "With no words at all",
            ),
            "texts": (lambda words, most: [one.text for one in group_words(words, most)], "A list of Caption"),
            "no function": ([], "A function was expected"),
        },
    ),
    (
        "10.request",
        SPEAK,
        asks_to_speak(),
        {
            "too slow": (asks_to_speak(speed=1.25), "At 1.25 it still takes 80%"),
            "too fast": (asks_to_speak(speed=1.75), "but 1.5 would do"),
            "another speed": (asks_to_speak(speed=2), "not 2"),
            "a speed as text": (asks_to_speak(speed="1.5"), "not '1.5'"),
            "no speed": (asks_to_speak(speed=None), "it is spoken at 1"),
            "mp3": (asks_to_speak(response_format="mp3"), "'mp3' is not Opus"),
            "no format": (asks_to_speak(response_format=None), "you get MP3"),
            "another voice": (asks_to_speak(voice="nova"), "The voice is onyx"),
            "a model that ends": (asks_to_speak(model="tts"), "The model is gpt-4o-mini-tts"),
            "no voice": (asks_to_speak(voice=None), "needs voice"),
            "other words": (asks_to_speak(input="Line two."), "as it stands"),
            "more": (asks_to_speak(instructions="Loud."), "Not needed here: instructions"),
            "no dictionary": ("opus", "A dictionary was expected"),
        },
    ),
    (
        "10.note",
        {},
        SPOKEN_NOTE,
        {
            "as written": ("Dr. Ito is in on 07/08 from 9 to 11 a.m., 4 St. Paul St.", "Figures are left: 07, 08, 9"),
            "titles short": (SPOKEN_NOTE.replace("Doctor", "Dr."), "Written short: Dr."),
            "the month first": (SPOKEN_NOTE.replace("seventh of August", "eighth of July"), "eighth month"),
            "half of the address": (SPOKEN_NOTE.replace(" Street", " Saint"), "What is the second?"),
            "no day": (SPOKEN_NOTE.replace("seventh of ", ""), "Say the day"),
            "no title": (SPOKEN_NOTE.replace("Doctor ", ""), "Write the title out"),
            "no hours": (SPOKEN_NOTE.replace("from nine to eleven ", ""), "From when to when"),
            "morning or night": (SPOKEN_NOTE.replace(" in the morning", ""), "time of day"),
            "no number": (SPOKEN_NOTE.replace("four ", ""), "whole address"),
            "no text": (7, "A text was expected"),
        },
    ),
    (
        "10.novel",
        {"words": 80_000, "words_a_minute": 150, "characters_a_word": 6},
        80_000 / 150 * 0.015 - 480_000 * 15 / 1e6,
        {
            "the other way round": (7.2 - 8.0, "other way round"),
            "by the minute alone": (8.0, "what does tts cost"),
            "by the character alone": (7.2, "difference is asked for"),
            "of an hour": (0.09, "how many hours"),
            "an hour's price for each minute": (48.0, "not for a minute"),
            "a guess": (1.0, "characters of the text"),
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


def test_a_request_that_comes_back_without_hidden_steps_or_text_is_not_right(capsys):
    for hidden, text in ((0, "12"), (60, "")):
        details = SimpleNamespace(reasoning_tokens=hidden)
        usage = SimpleNamespace(completion_tokens=hidden + 3, completion_tokens_details=details)
        reply = SimpleNamespace(choices=[SimpleNamespace(message=SimpleNamespace(content=text))], usage=usage)

        def create(*, model, messages, reasoning_effort, max_completion_tokens, reply=reply):
            return reply

        check("04.request", carried(), habit=HABIT, client=answering(create))
        assert f"{hidden} hidden tokens and the text {text!r}" in capsys.readouterr().out


def test_a_picture_asked_for_with_what_comes_by_itself_is_asked_for_all_the_same(capsys):
    check("07.icon", STAR | {"n": 1, "output_format": "png"}, **ICON)
    check("07.corrected", TENT | {"n": 1}, client=DRAWING, written=WRITTEN)
    assert [line[:18] for line in capsys.readouterr().out.splitlines() if ": right." in line] == [
        "07.icon: right. 75",
        "07.corrected: righ",
    ]


def test_a_session_may_say_its_formats_and_leave_out_that_it_speaks(capsys):
    pcm = {"type": "audio/pcm", "rate": 24_000}
    said = with_audio(input=HEARD | {"format": pcm}, output={"voice": "coral", "format": pcm})
    check("11.session", without(said, "output_modalities"), client=Replayed("11_voice_conversations"),
          preview=OF_THE_PREVIEW)  # fmt: skip
    assert capsys.readouterr().out.startswith("11.session: right. The service took it: voice coral, turn_detection")


@pytest.mark.parametrize(("text", "outcome"), [("It is 40318-7.", "has the number"), ("4031", "has not the number")])
def test_the_check_of_the_article_number_looks_at_what_came_back(text, outcome, capsys):
    def create(*, model, messages):
        choice = SimpleNamespace(message=SimpleNamespace(content=text))
        return SimpleNamespace(choices=[choice], usage=SimpleNamespace(prompt_tokens=100))

    check("05.request", shown("edge", "low"), **(LABEL | {"client": answering(create)}))
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("05.request: right.") and f"the answer {outcome}" in said


def test_a_request_that_is_refused_is_a_hint_and_no_error(capsys):
    def create(*, model, messages, reasoning_effort, max_completion_tokens):
        raise APIConnectionError(request=httpx2.Request("POST", "https://contoso.openai.azure.com"))

    check("04.request", carried(), habit=HABIT, client=answering(create))
    assert "not yet. The service refused it" in capsys.readouterr().out


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
    check(name, show_solution=True)
    shown = capsys.readouterr().out
    assert shown.startswith(f"{name}: not answered yet\nA solution, from notebooks/solutions/{name[:2]}_")
    assert [row[0] for row in EXERCISES if f'"{row[0]}"' in shown] == [name]
    assert "def " in shown or " = " in shown or "class " in shown


def test_a_solution_comes_with_its_explanation_and_all_its_cells(capsys):
    check("02.moved", show_solution=True)
    shown = capsys.readouterr().out
    assert "**1.** Two settings go" in shown and "old = {" in shown and "def try_with(" in shown


def test_asking_for_the_solution_needs_no_answer_and_hides_no_hint(capsys):
    check("00.share", show_solution=True)
    assert "not answered yet\nA solution" in capsys.readouterr().out
    check("00.share", 0.5, usage=USAGE, show_solution=True)
    shown = capsys.readouterr().out
    assert "not yet. " in shown and "A solution" in shown and "show_solution" not in shown


@pytest.mark.parametrize("name", ["00.shore", "77.nothing"])
def test_an_unknown_exercise_has_no_solution(name):
    with pytest.raises(CourseError, match="there is no exercise"):
        check(name, show_solution=True)


def test_settings_that_came_out_right_by_luck_are_not_right(capsys):
    def send(**settings):
        return [answer_with(["get_price"])] * 2

    check("03.forced", {"tool_choice": GET_PRICE}, send=send)
    assert "nothing here forbids a second" in " ".join(capsys.readouterr().out.split())
    check("03.forced", {}, send=send)
    assert "nothing here names the tool" in " ".join(capsys.readouterr().out.split())
    check("03.forced", {"tool_choice": GET_PRICE, "parallel_tool_calls": False}, send=send)
    assert capsys.readouterr().out.startswith("03.forced: right.")


@pytest.mark.parametrize(("share", "is_right"), [(0.72, True), (0.7246, True), (0.73, False), (0.7, False)])
def test_a_share_may_be_rounded_to_two_digits(share, is_right, capsys):
    check("00.share", share, usage=SimpleNamespace(prompt_tokens=19, completion_tokens=50, total_tokens=69))
    assert ("00.share: right." in capsys.readouterr().out) == is_right


def test_a_model_that_does_not_follow_speed_gets_a_hint_and_no_error(capsys):
    def create(*, speed, **asked):
        return speak(**asked, speed=1)

    client = SimpleNamespace(audio=SimpleNamespace(speech=SimpleNamespace(create=create)))
    check("10.request", asks_to_speak(speed=1.75), client=client, text=DELAY)
    assert "this model may not follow speed" in " ".join(capsys.readouterr().out.split())
