"""A table that is shown is read by eye and by ear, and says whose figures it has."""

import re

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from helpers import show_table
from helpers.errors import EvidenceError
from helpers.evidence import Evidence, documented
from helpers.jupyter import break_between

STAND_IN = Evidence("stand-in", ("Qwen2.5-Coder-1.5B-Instruct Q4_K_M",), ("2026-11-20",), 40)
PAGE = documented("a page", "2026-11-20")


@pytest.fixture(autouse=True)
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def show(table, *answers, **options):
    with capture_output() as caught:
        show_table(table, *answers, **options)
    [shown] = caught.outputs
    assert caught.stdout == caught.stderr == ""
    return shown


def cells(shown):
    """[[(tag, attributes, text)]] row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", shown.data["text/html"])
    return [re.findall(r"<(t[hd])([^>]*)>(.*?)</t[hd]>", row) for row in rows]


MODELS = pd.DataFrame(
    {
        "model": ["gpt-4.1", "gpt-4o"], "open": [True, False], "tokens": [1047576, 128000], "usd": [2.0, 0.15],
        "retires": pd.to_datetime(["2027-04-14", None]), "right": ["6 of 64", "23 of 64"], "version": ["0613", "0314"],
    }
).set_index("model")  # fmt: skip


def test_headers_are_marked_for_columns_and_rows():
    head, *body = cells(show(MODELS, PAGE, caption="Two models"))
    assert all(tag == "th" and 'scope="col"' in attributes for tag, attributes, _ in head)
    for row in body:
        assert [tag for tag, *_ in row] == ["th"] + ["td"] * 6 and 'scope="row"' in row[0][1]


def test_text_stands_left_and_numbers_right():
    for row in cells(show(MODELS, PAGE)):
        sides = [re.search(r"text-align: (\w+)", attributes)[1] for _, attributes, _ in row]
        assert sides == ["left", "left", "right", "right", "left", "right", "left"]


def test_cells_are_written_out_for_a_reader():
    _, *body = cells(show(MODELS, PAGE))
    assert [[text for *_, text in row] for row in body] == [
        ["gpt-4.1", "yes", "1,047,576", "2.00", "2027-04-14", "6 of 64", "0613"],
        ["gpt-4o", "no", "128,000", "0.15", "", "23 of 64", "0314"],
    ]


def test_no_header_cell_stands_empty():
    by_way = pd.DataFrame({"right": [1, 2]}, index=["at once", None])
    rows = cells(show(by_way, PAGE))
    assert rows[0][0][0] == rows[2][0][0] == "td"
    assert all(text for row in rows for tag, _, text in row if tag == "th")


def test_an_index_that_only_counts_is_left_out_and_the_first_column_heads_the_rows():
    rows = cells(show(pd.DataFrame({"name": ["a"], "n": [1]}), PAGE))
    assert [(tag, text) for tag, _, text in rows[1]] == [("th", "a"), ("td", "1")]


def test_a_table_has_its_caption_first_and_its_evidence_last():
    data = show(MODELS, PAGE, caption="1 < 2").data
    assert re.search(r"<table[^>]*><caption[^>]*>1 &lt; 2</caption><thead>", data["text/html"])
    assert data["text/html"].endswith(f"{break_between('evidence: documented · a page · 2026-11-20')}</p>")


def test_what_is_compared_is_the_table_as_text():
    assert show(MODELS[["tokens", "usd"]], PAGE, caption="Two models").data["text/plain"].splitlines() == [
        "Two models",
        "model       tokens   usd",
        "gpt-4.1  1,047,576  2.00",
        "gpt-4o     128,000  0.15",
        "evidence: documented · a page · 2026-11-20",
    ]


def test_a_table_without_answers_says_its_source():
    shown = show(MODELS, source="Microsoft's life-cycle pages, 2026-11-20")
    assert "source: Microsoft&#x27;s life-cycle pages, 2026-11-20</p>" in shown.data["text/html"]
    assert shown.metadata == {"evidence": "documented"}
    with pytest.raises(EvidenceError, match="no answer was given"):
        show(MODELS)
    with pytest.raises(EvidenceError, match="answers and a source"):
        show(MODELS, PAGE, source="a page")


def test_long_words_may_break_and_short_ones_may_not():
    wide = pd.DataFrame(
        {f"a_column_of_{n}00": ["a sentence that is too long for one line of a table"] for n in range(5)}
    )
    [head, body] = cells(show(wide.assign(path="one/two/three_four-five-6", day="2026-11-20"), PAGE))
    assert head[0][2] == "a_<wbr>column_<wbr>of_<wbr>000"
    assert body[5][2] == "one/<wbr>two/<wbr>three_<wbr>four-<wbr>five-6"
    assert ["nowrap" in attributes for _, attributes, _ in body] == [False] * 5 + [True, True]
    assert all("nowrap" in attributes for _, attributes, _ in cells(show(MODELS, PAGE))[1])


def test_a_cell_is_text_and_never_html():
    html = show(pd.DataFrame({"<i>": ["<b>"]}, index=["<u>"]), PAGE).data["text/html"]
    assert "&lt;i&gt;" in html and "&lt;b&gt;" in html and "&lt;u&gt;" in html and not re.search("<[ibu]>", html)


@pytest.mark.parametrize("where", ["index", "column", "caption", "model", "deployment", "cell"])
def test_a_table_does_not_set_an_azure_name_over_a_stand_ins_answers(where):
    table = pd.DataFrame({"tokens": [1, 2]})
    caption = ""
    if where == "index":
        table.index = pd.Index(["gpt-4o", "other"])
    elif where == "column":
        table = table.rename(columns={"tokens": "gpt-4o"})
    elif where == "caption":
        caption = "What GPT-4o answered"
    else:
        table[where] = ["gpt-4o", "other"]
    if where == "cell":  # an answer's own text may speak of a model
        show(table, STAND_IN)
    else:
        with pytest.raises(EvidenceError, match=r"(?i)gpt-4o"):
            show(table, STAND_IN, caption=caption)
