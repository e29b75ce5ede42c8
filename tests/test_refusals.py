"""What Azure writes when it refuses, and its card, shown from the tables."""

import pytest

from helpers import explain
from helpers.errors import CourseError
from helpers.refusals import show_card, show_refusal
from helpers.tables import read_rows


def test_a_refusal_stands_over_its_own_evidence(capsys):
    show_refusal("401_no_role")
    assert capsys.readouterr().out == (
        "401 PermissionDenied: Principal does not have access to API/Operation.\n"
        "evidence: published · quoted in issues · 2026-01-22\n"
    )


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        ("403_firewall", "403: Access denied"),
        ("400_mgmt_insufficient_quota", "400 InsufficientQuota: This operation require"),
        ("404_deployment_not_found_2026", "404 DeploymentNotFound: The API deployment"),
        ("400_image_moderation_blocked", "400 moderation_blocked: Your request was rejected"),
        ("image_contentfilter_task_input", "400 contentFilter: Your task failed"),
        ("400_image_size_gptimage2_long_edge", "400: The longest edge"),
        ("400_temperature_o1", "400 unsupported_parameter: Unsupported parameter: 'temperature'"),  # message first
        ("200_stream_rate_limit", "200 rate_limit_exceeded: Rate limit is exceeded. Try again"),  # an escape in it
    ],
)
def test_the_innermost_code_is_shown_and_a_code_that_is_the_status_once(error, begins, capsys):
    show_refusal(error)
    assert capsys.readouterr().out.startswith(begins)


def test_the_evidence_is_that_of_the_row(capsys):
    kinds = {"quoted": "published", "quoted in part": "published", "recorded": "measured", "documented": "documented"}
    shown = set()
    for row in read_rows("errors"):
        if '"message":"' in row["body"]:
            try:
                show_refusal(row["error"])
            except CourseError:
                continue
            lines = capsys.readouterr().out.splitlines()
            (kind,) = [line for line in lines if line.startswith("evidence: ")]
            assert kind.startswith(f"evidence: {kinds[row['evidence']]}"), row["error"]
            shown.add(row["evidence"])
    assert shown >= {"quoted", "recorded"}


def test_a_card_reads_as_explain_shows_it(capsys):
    show_card("no_such_host", host="contoso.example")
    out = capsys.readouterr().out
    assert out.startswith("there is no host called contoso.example\n  why  ") and "\n  try  " in out
    show_card("unexplained", kind="ValueError")
    assert capsys.readouterr().out.rstrip().startswith(explain(ValueError("x")).what)


def test_what_is_not_in_a_table_is_refused_with_the_nearest():
    with pytest.raises(CourseError, match=r"(?s)errors\.csv has no '401_norole'.*401_no_role"):
        show_refusal("401_norole")
    with pytest.raises(CourseError, match=r"(?s)explanations\.csv has no 'role_mising'.*role_missing"):
        show_card("role_mising")
    with pytest.raises(CourseError, match="also needs host"):
        show_card("no_such_host")
