"""Tokens of pictures agree with every figure that was recorded or printed; see data/tables."""

import pytest

from helpers.errors import CourseError
from helpers.picture_tokens import drawn_picture_tokens, find_size_fault, shown_picture_tokens
from helpers.tables import read_rows


@pytest.mark.parametrize(
    ("model", "size", "counted", "text"),
    [
        ("gpt-4o-2024-08-06", (3008, 2000), 1_119, 14),
        ("gpt-4o", (540, 360), 503, 78),
        ("gpt-4.1-nano", (540, 360), 515, 13),
    ],
)
def test_what_a_shown_picture_counts_for_is_what_was_recorded(model, size, counted, text):
    assert shown_picture_tokens(model, *size) == counted - text


def test_two_recorded_pictures_of_gpt_5_mini_differ_by_what_the_rule_says():
    assert shown_picture_tokens("gpt-5-mini", 597, 566) - shown_picture_tokens("gpt-5-mini", 400, 301) == 572 - 317


@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        ("gpt-6-astra", (1024, 1024), "high", 1_229),
        ("gpt-6-astra", (2048, 2048), "high", 3_000),
        ("gpt-6-astra", (4096, 512), "high", 2_458),
        ("gpt-5.4", (2048, 2048), "high", 3_000),
        ("gpt-4o", (4096, 8192), "low", 85),
        ("gpt-4o", (1024, 1024), "high", 85 + 4 * 170),
        ("gpt-4o", (2048, 4096), "high", 85 + 6 * 170),
    ],
)
def test_printed_examples_come_out(model, size, detail, tokens):
    assert shown_picture_tokens(model, *size, detail) == tokens


def test_the_surprise_of_the_small_model_holds():
    assert shown_picture_tokens("gpt-4o-mini", 1024, 1024) > 30 * shown_picture_tokens("gpt-4o", 1024, 1024)


def test_two_pictures_of_an_edit_count_for_what_was_recorded():
    assert 2 * shown_picture_tokens("gpt-image-1", 512, 512, "low", use="edit") == 388


@pytest.mark.parametrize(
    ("size", "tokens"), [((1024, 1024), 1_024), ((1536, 1024), 1_536), ((1179, 2556), 1_482), ((341, 512), 704)]
)
def test_what_users_measured_of_an_edit_comes_out(size, tokens):
    assert shown_picture_tokens("gpt-image-2", *size, use="edit") == tokens


def test_a_strip_as_thin_as_a_line_counts_too():
    assert shown_picture_tokens("gpt-image-2", 100_000, 16, use="edit") > 1_000


@pytest.mark.parametrize(
    ("size", "fault"),
    [
        ((1024, 1024), ""),
        ((1920, 1080), "no multiple of 16"),
        ((3856, 2160), "too long"),
        ((512, 512), "too few pixels"),
        ((3840, 2560), "too many pixels"),
        ((3200, 800), "too narrow"),
        ((800, 816), "too few pixels"),
        ((832, 832), ""),
    ],
)
def test_the_first_bound_that_a_size_breaks_is_named(size, fault):
    assert find_size_fault(*size) == fault


def test_a_picture_that_the_service_refuses_is_refused_here():
    with pytest.raises(CourseError, match="35,721 patches"):
        shown_picture_tokens("gpt-5.6-luna", 6048, 6048)
    assert shown_picture_tokens("gpt-5.6-luna", 6048, 6048, "high") <= 3_000


DRAWN = [row for row in read_rows("image_tokens") if row["what"] == "picture" and row["size"] and row["quality"]]


@pytest.mark.parametrize("row", DRAWN, ids=lambda row: f"{row['model']} {row['size']} {row['quality']}")
def test_a_drawn_picture_counts_for_what_the_table_has(row):
    assert drawn_picture_tokens(row["model"], row["size"], row["quality"]) == int(row["output_tokens"])


@pytest.mark.parametrize(
    "row", [row for row in DRAWN if row["model"].startswith("gpt-image-2")], ids=lambda r: r["size"]
)
def test_the_formula_gives_what_the_table_has(row, monkeypatch):
    monkeypatch.setattr("helpers.picture_tokens.read_rows", lambda name: [])
    monkeypatch.setattr("helpers.picture_tokens._priced_models", lambda: {row["model"]})
    assert drawn_picture_tokens(row["model"], row["size"], row["quality"]) == int(row["output_tokens"])


@pytest.mark.parametrize("size", ["1920x1080", "4096x4096", "320x320", "3840x1200", "large", "0x16"])
def test_a_size_that_is_refused_has_no_figure(size):
    with pytest.raises(CourseError):
        drawn_picture_tokens("gpt-image-2", size, "low")


def test_what_is_not_known_is_said():
    with pytest.raises(CourseError, match="no figure"):
        drawn_picture_tokens("gpt-image-1", "2048x2048")
    with pytest.raises(CourseError, match="no rule"):
        shown_picture_tokens("gpt-35-turbo", 100, 100)


def test_a_model_that_no_table_knows_is_named():
    for count in (lambda: drawn_picture_tokens("no-model"), lambda: shown_picture_tokens("no-model", 9, 9)):
        with pytest.raises(CourseError, match="no-model"):
            count()


def test_a_line_of_one_pixel_counts_as_what_the_model_sees():
    assert shown_picture_tokens("gpt-4o", 1, 3_000, "high") > shown_picture_tokens("gpt-4o", 1, 3_000, "low")
    assert shown_picture_tokens("gpt-5.4", 1, 3_000, "high") > 0
