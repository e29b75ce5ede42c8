"""Printed lines fit a page."""

import pytest

from helpers.errors import CourseError
from helpers.lines import WIDTH, fold, name_together, print_piece


def test_a_long_line_is_broken_between_words_and_what_follows_is_indented():
    lines = fold("one word after another, " * 12, "    ").splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert not lines[0].startswith(" ") and all(line.startswith("    one ") or line[:4] == "    " for line in lines[1:])


def test_lines_stay_lines_and_names_stay_whole():
    name = "gpt-" + "4o-mini-" * 20
    assert fold(f"first\n\n{name} last").splitlines() == ["first", "", name, "last"]


def test_what_jupyter_shows_of_an_error_is_broken_below_its_own_text():
    error = CourseError("it did not work", next="one thing or another, " * 10, asked="short")
    lines = error._render_traceback_()
    assert max(map(len, lines)) <= WIDTH and len(lines) > 3
    assert lines[1] == "  asked  short" and all(line.startswith(" " * 9) for line in lines[3:])
    assert " ".join(" ".join(lines).split()) == f"CourseError: {' '.join(str(error).split())}"


def test_the_pieces_of_a_stream_are_printed_at_once_in_lines_that_fit(capsys):
    column, shown = 0, ""
    for piece in ["One", " sentence", " of", " bro", "ken", " words"] * 12:
        column = print_piece(piece, column)
        shown += capsys.readouterr().out
        assert shown.endswith(piece.strip()), "each piece is there before the next comes"
        assert column == len(shown.splitlines()[-1])
    lines = shown.splitlines()
    assert len(lines) > 3 and max(map(len, lines)) <= WIDTH and "broken" in shown
    assert "".join(shown.split()) == "Onesentenceofbrokenwords" * 12


def test_a_piece_that_holds_a_line_break_begins_a_new_line(capsys):
    assert print_piece("first\n\nlast", 80) == 4
    assert print_piece("\n", 80) == 0 and print_piece("", 7) == 7
    assert capsys.readouterr().out == "first\n\nlast\n"


@pytest.mark.parametrize(
    ("engines", "told"),
    [
        ([], ""),
        (["A with B"], "A with B"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (["A with B", "A with B and C", "C", "A"], "A, B and C"),
    ],
)
def test_engines_are_named_once_also_where_they_answered_together(engines, told):
    assert name_together(engines) == told
