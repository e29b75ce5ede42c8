"""Exercises of notebook 08."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import list_price
from helpers.edit_tokens import sent_picture_tokens
from helpers.errors import CourseError
from helpers.images import change_of, check_mask, mask_of, read_picture
from helpers.picture_tokens import drawn_picture_tokens
from helpers.tables import read_rows

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image

__all__: list[str] = []

_NEEDED = ("model", "image", "mask", "prompt", "quality")
_MODEL, _PHOTO, _LOGO, _EDITS = "gpt-image-1.5", (1024, 1024), (512, 512), 1_000


@exercise("08.keep")
def _check_keep(answer: Callable[..., Any], before: "Picture", after: "Picture", mask: "Picture") -> str:
    """Truth: before where the mask's alpha is not 0, after where it is 0; tried on the cell's pictures, with a line
    drawn across the edit, so that something outside differs whoever drew it."""
    from PIL import Image, ImageDraw

    if not callable(answer):
        raise Wrong("A function of three pictures was expected: keep(before, after, mask).")
    spoilt = after.convert("RGB")
    ImageDraw.Draw(spoilt).line((0, 0, *spoilt.size), (255, 0, 255), 9)
    try:
        kept = answer(before, spoilt, mask)
    except Exception as error:
        raise Wrong(f"It fails: {type(error).__name__}: {error}.") from None
    if not isinstance(kept, Image.Image):
        raise Wrong("Does it return a picture? Image.composite(...) gives one.")
    if kept.size != before.size:
        raise Wrong(f"The result has {kept.size} pixels, the picture {before.size}.")
    if kept.convert("RGBA").getchannel("A").getextrema()[0] != 255:
        raise Wrong("The result has transparent parts: paste pictures, not the mask itself.")
    outside, inside = change_of(before, kept, mask, 0).outside, change_of(spoilt, kept, mask, 0).inside
    if outside and change_of(spoilt, kept, mask, 0).outside == 0 and change_of(before, kept, mask, 0).inside == 0:
        raise Wrong("The other way round: the edit stands outside the mask and the old picture inside.")
    if outside:
        raise Wrong(f"Outside the mask {outside:.1%} of the pixels are not those of before.")
    if inside:
        raise Wrong(f"Inside the mask {inside:.1%} of the pixels are not those of after.")
    return "Outside the mask every pixel is yours. A seam may show where the edit did not fit."


@exercise("08.request")
def _check_request(
    answer: Mapping[str, Any], client: Any, prompt: str, picture: "Picture", boxes: Mapping[str, Any]
) -> str:
    """Truth: the cheapest model and quality, and a mask that is transparent in the window's box and nowhere else.

    answer: what client.images.edit() takes. boxes: name -> left, top, right, bottom. What no recording could answer
    gets its hint before anything is sent.
    """
    if not isinstance(answer, Mapping):
        raise Wrong('A dictionary was expected: {"model": ..., "image": ..., "mask": ..., ...}.')
    if missing := [name for name in _NEEDED if not answer.get(name)]:
        raise Wrong(f"The request needs {', '.join(missing)}.")
    if further := sorted(set(map(str, answer)) - set(_NEEDED)):
        raise Wrong(f"Leave {', '.join(further)} out: the service then chooses.")
    if answer["prompt"] != prompt:
        raise Wrong("Send new_view as the prompt, as it stands.")
    if _read_sent(answer["image"], "image").convert("RGB").tobytes() != picture.convert("RGB").tobytes():
        raise Wrong('The picture sent is not the room: picture_file(room, "room.png").')
    mask = _read_sent(answer["mask"], "mask")
    _check_window(mask, picture, tuple(boxes["window"]))
    _check_price(str(answer["model"]), str(answer["quality"]))
    after = read_picture(client.images.edit(**answer).data[0]).convert("RGB").resize(picture.size)
    change = change_of(picture, after, mask)
    face = tuple(boxes["portrait"])
    portrait = change_of(picture.crop(face), after.crop(face)).inside
    return f"The window changed by {change.inside:.0%}, the portrait by {portrait:.0%}."


def _read_sent(sent: Any, name: str) -> "Picture":
    """The picture of a file as picture_file gives it: name, bytes, content type."""
    if isinstance(sent, tuple) and len(sent) > 1:
        sent = sent[1]
    try:
        return read_picture(sent)
    except (CourseError, OSError):
        raise Wrong(f'{name} is sent as a file: picture_file({name}, "{name}.png").') from None


def _check_window(mask: "Picture", picture: "Picture", window: tuple[int, int, int, int]) -> None:
    try:
        check_mask(mask, picture)
    except CourseError as error:
        raise Wrong(f"{error.what[0].upper()}{error.what[1:]}.") from None
    free = mask.convert("RGBA").getchannel("A").point([255] + [0] * 255)
    right = mask_of(picture.size, window).getchannel("A").point([255] + [0] * 255)
    if free.tobytes() == right.tobytes():
        return
    in_window = free.crop(window).histogram()[255]
    if not in_window:
        raise Wrong("The mask frees another place than the window: boxes['window'].")
    if free.histogram()[255] > in_window:
        raise Wrong("The mask frees more than the window: is its inside out, or its box too large?")
    raise Wrong("The mask frees only a part of the window.")


def _check_price(model: str, quality: str) -> None:
    rows = [row for row in read_rows("models") if row["category"] == "images"]
    deployable = {row["model"] for row in rows if row["deployable_by_new_customers"] == "yes"}
    if model not in deployable:
        raise Wrong(f"{model} is no model of section 1.")
    if quality not in ("low", "medium", "high"):
        raise Wrong(f"No quality is called {quality!r}: low, medium, high.")
    if quality != "low":
        raise Wrong(f"A lower quality than {quality} costs less.")
    prices = {name: _price(name) for name in deployable}
    cheapest = min(prices, key=prices.__getitem__)
    if prices[model] > prices[cheapest]:
        raise Wrong(f"{prices[model]:.2f} cents with {model}: a cheaper one stands in section 3.")


def _price(model: str) -> float:
    """US cents of a low edit of a picture of 3 to 2."""
    size = "1008x672" if model.startswith("gpt-image-2") else "1536x1024"
    sent = sent_picture_tokens(model, (1008, 672)) * list_price(model, "image_input").usd
    return (sent + drawn_picture_tokens(model, size, "low") * list_price(model, "image_output").usd) / 1e4


@exercise("08.bill")
def _check_bill(answer: float) -> str:
    """Truth: the tokens of both pictures sent, at high fidelity, and of the picture drawn, at the prices of today."""
    usd_in, usd_out = (list_price(_MODEL, item).usd / 1e6 for item in ("image_input", "image_output"))
    both = sent_picture_tokens(_MODEL, _PHOTO, _LOGO, input_fidelity="high") * usd_in
    drawn = drawn_picture_tokens(_MODEL, "1024x1024", "medium") * usd_out
    truth = _EDITS * (both + drawn)
    if close_to(answer, truth):
        return f"{both * 100:.2f} cents for the pictures sent and {drawn * 100:.2f} for the one drawn, 1,000 times."
    at_low = sent_picture_tokens(_MODEL, _PHOTO, _LOGO) * usd_in
    photo = sent_picture_tokens(_MODEL, _PHOTO, input_fidelity="high") * usd_in
    mistakes = {
        "This is one edit's price.": both + drawn,
        "The pictures sent are missing.": _EDITS * drawn,
        "The picture drawn is missing.": _EDITS * both,
        'High fidelity is missing: input_fidelity="high".': _EDITS * (at_low + drawn),
        "The logo is a picture sent, too.": _EDITS * (photo + drawn),
        "In cents? US dollars were asked for.": truth * 100,
        "Prices are per 1,000,000 tokens.": truth * 1e6,
    }
    for hint, value in mistakes.items():
        if close_to(answer, value):
            raise Wrong(hint)
    raise Wrong("Add up the tokens sent (sent_picture_tokens) and drawn (drawn_picture_tokens), each at its price.")
