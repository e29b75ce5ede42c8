"""Pictures in notebooks: read whole or refused, shown with their alt texts, made into masks and canvases."""

import base64
import io
import random

import pytest
from PIL import Image, ImageDraw

from helpers.errors import CourseError, EvidenceError
from helpers.evidence import documented
from helpers.images import (
    change_of,
    check_mask,
    data_url,
    extend_canvas,
    mask_of,
    picture_file,
    read_picture,
    show_pictures,
)
from tests.standin.pictures.reading import load_picture

SOURCE = documented("a page", "2026-11-21")


def draw(size=(64, 48), colour="red", mode="RGB") -> Image.Image:
    picture = Image.new(mode, size, colour)
    ImageDraw.Draw(picture).ellipse((8, 8, 30, 30), fill="blue")
    return picture


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


class Item:
    """As an item of an answer's data."""

    def __init__(self, data: bytes):
        self.b64_json = base64.b64encode(data).decode()


def test_a_picture_is_read_from_whatever_holds_it(tmp_path):
    picture = draw()
    (tmp_path / "a.png").write_bytes(png(picture))
    forms = [
        png(picture),
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
        data_url(picture),
        Item(png(picture)),
        base64.b64encode(png(picture)).decode(),
    ]
    for form in forms:
        assert read_picture(form).tobytes() == picture.tobytes()


@pytest.mark.parametrize("broken", [b"", b"no picture", "@@@", "data:image/png;base64,AAAA", 3, None])
def test_what_is_no_picture_is_refused(broken):
    with pytest.raises(CourseError) as refused:
        read_picture(broken)
    assert " at 0x" not in str(refused.value), "the text is the same in every run"


def turned() -> bytes:
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # to be turned by a quarter
    draw().save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize("data", [turned(), png(Image.new("I;16", (9, 5), 40_000))], ids=["turned", "of 16 bits"])
def test_notebooks_and_the_stand_in_see_one_picture_in_one_file(data):
    ours, theirs = read_picture(data), load_picture(data, ["PNG"], 10_000)
    assert ours.size in ((48, 64), (9, 5))
    assert ours.tobytes() == theirs.convert("RGB").tobytes()
    assert ours.getpixel((1, 1)) in ((255, 0, 0), (155, 155, 155))


def test_a_cut_off_picture_is_refused():
    with pytest.raises(CourseError, match="no whole picture"):
        read_picture(png(draw((400, 400)))[:-200])


def test_a_small_file_that_holds_a_huge_picture_is_refused_before_it_is_unpacked():
    for side, words in ((11_000, "11,000 x 11,000 pixels"), (16_000, "far more than 100 million pixels")):
        with pytest.raises(CourseError, match=words):
            read_picture(png(Image.new("1", (side, side))))


def shown(capsys, monkeypatch, *args, **more):
    seen = []
    monkeypatch.setattr("helpers.images.showing.show", lambda html, plain, **_: seen.append((html, plain)))
    show_pictures(*args, **more)
    return seen[0]


def test_pictures_are_shown_with_caption_alt_text_and_evidence(capsys, monkeypatch):
    pictures = {"low": draw(), "high": draw(colour="green")}
    html, plain = shown(capsys, monkeypatch, pictures, SOURCE, alt=["a blue disc on red", "a blue disc on green"])
    assert html.count("<img ") == 2 and html.count('src="data:image/png;base64,') == 2
    assert 'alt="a blue disc on red"' in html and "<figcaption" in html
    assert plain.splitlines() == [
        "picture: low: a blue disc on red",
        "picture: high: a blue disc on green",
        f"evidence: {SOURCE}",
    ]


def test_a_picture_without_an_alt_text_is_not_shown(capsys, monkeypatch):
    for alt in (["one"], ["one", " "], ""):
        with pytest.raises(CourseError, match="alt texts"):
            shown(capsys, monkeypatch, {"a": draw(), "b": draw()}, SOURCE, alt=alt)


def test_nobody_is_named_or_nothing_is_shown(capsys, monkeypatch):
    with pytest.raises(EvidenceError):
        shown(capsys, monkeypatch, draw(), alt="a disc")


def test_pictures_side_by_side_shrink_on_a_narrow_page_rather_than_wrap(capsys, monkeypatch):
    html, _ = shown(capsys, monkeypatch, dict.fromkeys("ab", draw()), SOURCE, alt=["one", "two"])
    assert "grid-template-columns: repeat(2, minmax(0, 345px))" in html


def test_a_large_picture_makes_a_small_preview(capsys, monkeypatch):
    html, _ = shown(capsys, monkeypatch, draw((3_000, 2_000)), SOURCE, alt="a disc")
    assert len(html) < 20_000


def test_a_mask_is_transparent_where_something_may_change():
    mask = mask_of((64, 48), (8, 8, 32, 32))
    alpha = mask.getchannel("A")
    assert (alpha.getpixel((8, 8)), alpha.getpixel((31, 31))) == (0, 0)
    assert (alpha.getpixel((7, 8)), alpha.getpixel((32, 31))) == (255, 255)
    check_mask(mask, draw())


@pytest.mark.parametrize("box", [(8, 8, 8, 20), (0, 0, 65, 48), (-1, 0, 10, 10), (30, 30, 10, 40)])
def test_a_box_outside_the_picture_is_refused(box):
    with pytest.raises(CourseError, match="lies not in a picture of 64 x 48"):
        mask_of((64, 48), box)


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (lambda: mask_of((32, 32), (0, 0, 8, 8)), "32 x 32 pixels, the picture 64 x 48"),
        (lambda: Image.new("RGB", (64, 48), "white"), "no transparency"),
        (lambda: Image.new("L", (64, 48), 255), "no transparency"),
        (lambda: Image.new("RGBA", (64, 48), (0, 0, 0, 255)), "opaque everywhere"),
        (lambda: Image.new("RGBA", (64, 48), (0, 0, 0, 0)), "transparent everywhere"),
        (lambda: Image.new("LA", (64, 48), (0, 128)), "nowhere fully transparent: nothing may change"),
    ],
)
def test_a_mask_that_the_service_would_refuse_is_refused_first(mask, words):
    with pytest.raises(CourseError, match=words):
        check_mask(mask(), draw())


def speckled(size=(64, 48)) -> Image.Image:
    """A mask whose hidden colours are noise: the file is as large as it can be."""
    mask = Image.frombytes("RGBA", size, random.Random(8).randbytes(4 * size[0] * size[1]))
    mask.paste((0, 0, 0, 0), (0, 0, 8, 8))
    return mask


def test_a_mask_of_4_mb_is_refused():
    large = speckled((1_200, 900))
    with pytest.raises(CourseError, match="4 MB or more"):
        check_mask(large, Image.new("RGB", large.size))


def test_a_mask_of_few_colours_with_a_transparent_one_is_taken():
    mask = Image.new("P", (64, 48), 1)
    mask.putpalette([255, 255, 255, 0, 0, 0])
    mask.paste(0, (8, 8, 32, 32))
    mask.info["transparency"] = 0
    check_mask(mask, draw())


def test_a_canvas_grows_and_its_mask_lets_the_margin_be_filled():
    canvas, mask = extend_canvas(draw(), right=16, top=8)
    assert canvas.size == mask.size == (80, 56)
    assert canvas.crop((0, 8, 64, 56)).convert("RGB").tobytes() == draw().tobytes()
    assert mask.getchannel("A").getpixel((70, 20)) == 0 and mask.getchannel("A").getpixel((10, 20)) == 255
    for margins in ({}, {"left": -1}):
        with pytest.raises(CourseError, match="does not grow"):
            extend_canvas(draw(), **margins)


def test_what_changed_is_counted_inside_the_mask_and_outside():
    before, after = draw(), draw()
    after.paste("white", (0, 0, 16, 48))
    mask = mask_of(before.size, (0, 0, 8, 48))
    change = change_of(before, after, mask)
    assert change.inside == 1
    assert 0.13 < change.outside < 0.15  # 8 columns of 56
    assert change_of(before, before).inside == 0
    nudged = before.point(lambda value: min(255, value + 8))
    assert change_of(before, nudged).inside == 0, "a rounding of the encoder is no change"


def test_pictures_of_two_sizes_are_not_compared():
    with pytest.raises(CourseError, match="resize"):
        change_of(draw(), draw((10, 10)))


@pytest.mark.parametrize(("name", "kind"), [("a.png", "image/png"), ("a.JPG", "image/jpeg"), ("mask", "image/png")])
def test_a_file_is_what_its_name_says(name, kind):
    sent = picture_file(draw(), name)
    assert sent[0] == name and sent[2] == kind
    assert Image.open(io.BytesIO(sent[1])).format == kind.removeprefix("image/").upper()


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.svg", "picture.pdf"])
def test_another_format_is_refused_before_it_is_sent(name):
    with pytest.raises(CourseError, match="PNG or JPEG"):
        picture_file(draw(), name)


def test_a_huge_picture_is_refused_before_it_is_sent(monkeypatch):
    with pytest.raises(CourseError, match="11,000 x 11,000 pixels"):
        picture_file(Image.new("1", (11_000, 11_000)))
    monkeypatch.setattr("helpers.images.sending._MOST_BYTES", 200)
    with pytest.raises(CourseError, match="below 50 MB"):
        picture_file(draw())


@pytest.mark.parametrize("mode", ["CMYK", "F", "YCbCr"])
def test_a_picture_of_any_mode_becomes_a_file(mode):
    assert Image.open(io.BytesIO(picture_file(draw().convert("L" if mode == "F" else "RGB").convert(mode))[1])).load()


# --- odd pictures -----------------------------------------------------------------------------------------------------


def saved(picture: Image.Image, kind: str, **more) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **more)
    return buffer.getvalue()


def test_a_photograph_is_turned_as_its_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = read_picture(saved(draw((64, 48)), "JPEG", exif=exif))
    assert turned.size == (48, 64)


def test_sixteen_bits_keep_their_brightness():
    grey = Image.new("I;16", (8, 8), 32_768)
    assert read_picture(saved(grey, "PNG")).getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_is_read_as_rgb_or_rgba(mode):
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    assert read_picture(saved(draw().convert(mode), kind)).mode in ("RGB", "RGBA")


def test_of_an_animation_the_first_picture_is_read():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_picture(moving).convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_an_item_of_a_response_is_read_by_its_result():
    class Call:
        result = base64.b64encode(png(draw())).decode()

    assert read_picture(Call()).size == (64, 48)


def test_a_path_that_leads_nowhere_is_said_to_the_learner(tmp_path):
    for path in (tmp_path / "none.png", str(tmp_path / "none.png")):
        with pytest.raises(CourseError, match="there is no file"):
            read_picture(path)


def test_a_mask_of_another_mode_is_judged_by_its_alpha():
    mask = mask_of((64, 48), (0, 0, 8, 8))
    check_mask(mask.convert("LA"), draw())
    palette = Image.new("P", (64, 48), 1)
    palette.putpalette([0, 0, 0, 255, 255, 255])
    palette.paste(0, (0, 0, 8, 8))
    palette.info["transparency"] = 0
    check_mask(palette, draw())
    with pytest.raises(CourseError, match="nowhere fully transparent"):
        check_mask(Image.new("RGBA", (64, 48), (0, 0, 0, 128)), draw())


def test_a_half_transparent_part_of_a_mask_is_outside():
    before, after = draw(), draw()
    after.paste("white", (0, 0, 64, 48))
    mask = Image.new("RGBA", before.size, (0, 0, 0, 128))
    mask.paste((0, 0, 0, 0), (0, 0, 8, 48))
    assert change_of(before, after, mask)[:2] == (1, 1)
    with pytest.raises(CourseError, match="a mask of"):
        change_of(before, after, mask.resize((8, 8)))


def test_a_part_that_becomes_opaque_has_changed_and_a_colour_that_nobody_sees_has_not():
    clear, black = Image.new("RGBA", (8, 8), (0, 0, 0, 0)), Image.new("RGBA", (8, 8), (0, 0, 0, 255))
    assert change_of(clear, black).inside == 1
    assert change_of(clear, Image.new("RGBA", (8, 8), (200, 90, 7, 0))).inside == 0


def test_a_jpeg_of_a_transparent_picture_is_white_there():
    _, data, _ = picture_file(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "a.jpg")
    assert min(Image.open(io.BytesIO(data)).getpixel((4, 4))) > 250


def test_nothing_is_not_shown(capsys, monkeypatch):
    with pytest.raises(CourseError, match="no pictures"):
        shown(capsys, monkeypatch, {}, SOURCE, alt=[])


def test_a_kind_that_is_not_sent_and_text_beyond_ascii_are_refused():
    with pytest.raises(CourseError, match="jpg is no kind"):
        data_url(Image.new("RGB", (2, 2)), "jpg")
    with pytest.raises(CourseError, match="no picture in base64"):
        read_picture("Küche")


def test_a_picture_with_broken_exif_is_no_whole_picture():
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "PNG", exif=b"Exif\x00\x00broken!!")
    with pytest.raises(CourseError, match="no whole picture"):
        read_picture(buffer.getvalue())
