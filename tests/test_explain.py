"""explain(): every error that is known says what happened, why, and what to do; in a notebook by itself."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import nbformat.v4 as v4
import openai
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from openai.lib.azure import MutuallyExclusiveAuthError
from openai.types.chat import ChatCompletion

from helpers import explain
from helpers.course.notebooks import NotebookFailed, run_notebook
from helpers.errors import RecordingNotFound
from helpers.settings import ROOT
from helpers.tables import read_rows
from tests.loopback import Answer, open_wire

FACTS = Path(os.environ.get("AZURE_OPENAI_SPECS", "not-set")) / "facts" / "errors.jsonl"
HELLO = [{"role": "user", "content": "Hello"}]
GENERAL = {"unauthorized", "forbidden", "not_found", "bad_request", "too_many_requests", "server_error", "unexplained"}
wire = pytest.fixture(open_wire)


def raise_error(status: int, body: object, model: str = "gpt-5", **headers: str) -> openai.APIError:
    """The SDK's own error for an answer, as its own code makes it. body: JSON, or the text that stands in its place."""
    content = body if isinstance(body, str) else json.dumps(body)

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=content.encode(), headers=headers)

    client = openai.OpenAI(
        base_url="https://nowhere.invalid/openai/v1/",
        api_key="none",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )
    with pytest.raises(openai.APIError) as caught:
        client.chat.completions.create(model=model, messages=HELLO)
    return caught.value


def raise_in_stream(body: object) -> openai.APIError:
    """The SDK's own error for an event in a stream whose status was 200."""
    content = f"event: error\ndata: {json.dumps(body)}\n\n"
    answer = httpx2.Response(200, content=content.encode(), headers={"content-type": "text/event-stream"})
    http_client = httpx2.Client(transport=httpx2.MockTransport(lambda request: answer))
    client = openai.OpenAI(base_url="https://nowhere.invalid/v1/", api_key="none", http_client=http_client)
    with pytest.raises(openai.APIError) as caught:
        list(client.responses.create(model="gpt-5", input="x", stream=True))
    return caught.value


def raise_from_transport(error: Exception) -> openai.APIError:
    def fail(request: httpx2.Request) -> httpx2.Response:
        raise error

    http_client = httpx2.Client(transport=httpx2.MockTransport(fail))
    client = openai.OpenAI(base_url="https://host.invalid/v1/", api_key="none", max_retries=0, http_client=http_client)
    with pytest.raises(openai.APIError) as caught:
        client.models.list()
    return caught.value


def error_of(message: str, code: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "code": code}}


# --- the table


# Errors of an answer that no card of their own explains, each with its reason.
LEFT_GENERAL = {"rt_401_ga_with_api_version": "the body is empty: nothing in it says why"}


@pytest.mark.parametrize(
    "row",
    [row for row in read_rows("errors") if row["kind"] in ("answer", "management")],
    ids=lambda row: row["error"],
)
def test_every_error_of_the_table_finds_the_explanation_that_is_its_own(row):
    error = raise_error(int(row["status"]), json.loads(row["body"]))
    assert not row["exception"] or type(error).__name__ == row["exception"]
    explanation = explain(error)
    if row["error"] in LEFT_GENERAL:
        assert not row["explanation"] and explanation.name in GENERAL
        return
    assert explanation.name == row["explanation"]
    assert explanation.name not in GENERAL, "too general to help"


def test_an_error_in_the_middle_of_a_stream_finds_its_own_explanation_too():
    rows = [row for row in read_rows("errors") if row["error"].startswith("200_stream")]
    assert len(rows) == 2
    for row in rows:
        error = raise_in_stream(json.loads(row["body"]))
        assert explain(error).name == row["explanation"]
    assert explain(raise_in_stream({"type": "error", "error": {"message": "oh"}})).name == "stream_broke"


def test_every_explanation_for_an_answer_is_found_by_some_error():
    """A card that no known error reaches would never be seen to be wrong; those listed are tried in this file."""
    reached = {row["explanation"] for row in read_rows("errors")}
    new = {row["explanation"] for row in read_rows("explanations") if row["as_of"] == "2026-11-21"}
    assert new - reached == {"sealed_steps", "calls_unanswered"}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (error_of("The encrypted content could not be verified.", "invalid_encrypted_content"), "sealed_steps"),
        (error_of("No tool output found for function call c1."), "calls_unanswered"),
        (error_of("No tool call found for function call output with call_id c1."), "calls_unanswered"),
        (error_of("An assistant message with 'tool_calls' must be followed by tool messages ..."), "calls_unanswered"),
        (error_of("messages with role 'tool' must be a response to a preceeding message with"), "calls_unanswered"),
        (
            {"error": {"message": "Unsupported value.", "code": "unsupported_value", "param": "verbosity"}},
            "value_refused",
        ),
        ({"error": {"message": "No.", "code": "unsupported_value", "param": "reasoning.effort"}}, "effort_refused"),
        (
            {"error": {"message": "No.", "code": "unsupported_parameter", "param": "reasoning_effort"}},
            "parameter_refused",
        ),
        ({"code": "X", "message": "y", "details": [None, {"code": "InsufficientQuota"}]}, "quota_to_deploy"),
        ({"code": "X", "message": "y", "details": {"code": "InsufficientQuota"}}, "bad_request"),
    ],
)
def test_what_stands_beside_the_message_decides_too(body, name):
    assert explain(raise_error(400, body)).name == name


@pytest.mark.skipif(not FACTS.is_file(), reason="AZURE_OPENAI_SPECS names no folder with facts/")
def test_every_error_that_was_found_out_is_explained_and_not_only_in_general():
    facts = [json.loads(line) for line in FACTS.read_text(encoding="utf-8").splitlines()]
    assert len(facts) > 20
    for fact in facts:
        name = explain(raise_error(fact["status"], fact["body"])).name
        assert name not in GENERAL, fact["id"]


def test_no_row_stands_behind_one_that_takes_all_its_errors():
    """The first row that fits is shown, so a general row before a special one would hide it."""
    rows = read_rows("explanations")
    for index, row in enumerate(rows):
        for earlier in rows[:index]:
            narrower = all(earlier[column] in ("", row[column]) for column in ("status", "code", "message"))
            assert not narrower, f"{row['explanation']} stands behind {earlier['explanation']}"
    assert rows[-1]["status"] == rows[-1]["code"] == rows[-1]["message"] == ""


def test_every_explanation_of_the_table_says_three_things_in_few_words():
    for row in read_rows("explanations"):
        assert len(row["what"]) <= 80, row["what"]
        assert len(row["why"]) <= 220 and len(row["next"]) <= 220, row["explanation"]
        for column in ("status", "code", "message"):
            re.compile(row[column])
        holes = set(re.findall(r"{(.*?)}", row["what"] + row["why"] + row["next"]))
        assert holes <= {"model", "param", "host", "origin", "path", "kind"}, row["explanation"]
        assert not re.search(r"[.!]$", row["what"] + row["next"]), "a card has no full stops"


@pytest.mark.parametrize(
    ("status", "body", "name"),
    [
        (401, {"statusCode": 401, "message": "Unauthorized. Access token is missing, invalid..."}, "token_refused"),
        (401, error_of("Principal does not have access to API/Operation.", "PermissionDenied"), "role_missing"),
        (401, error_of("The principal `p` lacks the required data action `x`.", "PermissionDenied"), "role_missing"),
        (
            400,
            error_of(
                "Token tenant t does not match resource tenant.", "Tenant provided in token does not match resource"
            ),
            "tenant_of_token",
        ),
        (401, error_of("Who are you?"), "unauthorized"),
        (403, error_of("Key based authentication is disabled.", "AuthenticationTypeDisabled"), "keys_disabled"),
        (403, error_of("Access denied due to Virtual Network/Firewall rules.", "403"), "network_closed"),
        (403, error_of("No.", "403"), "forbidden"),
        (404, error_of("Resource not found", "404"), "no_such_address"),
        (404, error_of("No such File object: file-1"), "not_found"),
        (404, "<html><body><h1>Not Found</h1></body></html>", "not_found"),
        (410, error_of("The model is gone."), "gone"),
        (400, error_of("This model's maximum context length is 4096.", "context_length_exceeded"), "context_exceeded"),
        (
            400,
            error_of("you requested 9000 tokens (9000 in your prompt; 0 for the completion)."),
            "text_too_long_to_embed",
        ),
        (400, error_of("Could not finish: max_tokens or model output limit was reached."), "no_room_to_answer"),
        (400, error_of("The chatCompletion operation does not work with the model.", "400"), "wrong_operation"),
        (400, error_of("API version not supported", "BadRequest"), "api_version_refused"),
        (400, error_of("Something else."), "bad_request"),
        (429, error_of("You exceeded your current quota.", "insufficient_quota"), "no_quota"),
        (429, "slow down", "too_many_requests"),
        (409, error_of("busy"), "conflict"),
        (422, error_of("wrong type"), "unprocessable"),
        (500, error_of("The server had an error."), "server_error"),
        (502, "<html>Bad Gateway</html>", "gateway"),
        (503, "", "unavailable"),
        (507, "", "server_error"),
        (418, error_of("teapot"), "unexplained"),
    ],
)
def test_an_answer_is_explained_by_status_code_and_message(status, body, name):
    assert explain(raise_error(status, body)).name == name


@pytest.mark.parametrize(
    ("cause", "name", "told"),
    [
        (httpx2.ReadTimeout("slow"), "timed_out", "no answer came in time"),
        (httpx2.ConnectError("[Errno -2] Name or service not known"), "no_such_host", "no host called host.invalid"),
        (httpx2.ConnectError("[Errno 11001] getaddrinfo failed"), "no_such_host", "host.invalid"),
        (httpx2.ConnectError("[Errno 111] Connection refused"), "refused", "host.invalid takes no connections"),
        (httpx2.ConnectError("CERTIFICATE_VERIFY_FAILED: self-signed"), "certificate", "SSL_CERT_FILE"),
        (httpx2.ProxyError("407 Proxy Authentication Required"), "proxy", "allow host.invalid"),
        (httpx2.RemoteProtocolError("Server disconnected"), "no_connection", "cause  RemoteProtocolError: Server"),
    ],
)
def test_a_request_without_an_answer_is_explained_by_its_cause(cause, name, told):
    explanation = explain(raise_from_transport(cause))
    assert explanation.name == name and told in str(explanation)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: openai.OpenAI(base_url="http://127.0.0.1"), "no_credential"),
        (lambda: openai.AzureOpenAI(azure_endpoint="http://127.0.0.1", api_key="none"), "no_api_version"),
        (lambda: openai.AzureOpenAI(api_key="none", api_version="2024-10-21"), "no_endpoint"),
    ],
)
def test_what_the_sdk_refuses_before_sending_is_explained(make, name, monkeypatch):
    for variable in [name for name in os.environ if name.startswith(("OPENAI_", "AZURE_"))]:
        monkeypatch.delenv(variable)
    with pytest.raises((openai.OpenAIError, ValueError)) as caught:
        make()
    assert explain(caught.value).name == name
    assert explain(MutuallyExclusiveAuthError()).name == "two_credentials"


# --- a server that is not Azure's


def ask_loopback(url: str, body: object, **headers: str) -> openai.APIError:
    """The SDK's error where a server on this machine answers 404."""
    content = body if isinstance(body, str) else json.dumps(body)
    answer = httpx2.Response(404, content=content.encode(), headers=headers)
    http_client = httpx2.Client(transport=httpx2.MockTransport(lambda request: answer))
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0, http_client=http_client)
    with pytest.raises(openai.APIError) as caught:
        client.chat.completions.create(model="gpt-5", messages=HELLO)
    return caught.value


OTHERS = {
    "text": "404 page not found",
    "empty": "",
    "html": "<html><body><h1>Not Found</h1></body></html>",
    "detail": {"detail": "Not Found"},
    "number": {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}},
    "sentence": {"error": "Unexpected endpoint or method. (POST /openai/v1/chat/completions)"},
}


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.0.0.1"])
@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
def test_a_server_of_this_machine_without_azures_paths_is_told_where_its_own_may_be(body, host):
    explanation = explain(ask_loopback(f"http://{host}/openai/v1/", body))
    assert explanation.name == "other_server"
    assert explanation.next.endswith(f"AZURE_OPENAI_ENDPOINT=http://{host}/v1")
    assert "under /v1" in str(explanation)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("http://127.0.0.1:8080/v1/", {"detail": "Not Found"}),
        ("http://127.0.0.1.example.org/openai/v1/", {"detail": "Not Found"}),
        ("http://127.0.0.1:8080/openai/v1/", error_of("The model `gpt-5` does not exist.", "model_not_found")),
        ("http://127.0.0.1:8080/openai/v1/", error_of("The API deployment does not exist.", "DeploymentNotFound")),
        ("http://127.0.0.1:8080/openai/v1/", error_of("Resource not found", "404")),
    ],
)
def test_that_hint_is_given_to_nobody_else(url, body):
    assert explain(ask_loopback(url, body)).name != "other_server"


# --- Microsoft Entra ID

CHAIN = """DefaultAzureCredential failed to retrieve a token from the included credentials.
Attempted credentials:
\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Environment variables are not set.
Visit a page to troubleshoot this issue.
\tAzureCliCredential: {}
\tAzurePowerShellCredential: PowerShell is not installed
To mitigate this issue, please refer to the troubleshooting guidelines."""


@pytest.mark.parametrize(
    ("said", "name", "then"),
    [
        ("Azure CLI not found on path", "no_sign_in_tool", "install the Azure CLI"),
        ("Please run 'az login' to set up an account", "no_sign_in", "`az login`"),
        ("ERROR: AADSTS50020: User account 'a' does not exist in tenant 'b'.", "sign_in_tenant", "az login --tenant"),
        ("ERROR: AADSTS90002: Tenant 'b' not found.", "sign_in_tenant", "az login --tenant"),
        ("ERROR: AADSTS700016: Application 'a' was not found in 'b'.", "sign_in_tenant", "az login --tenant"),
        ("AADSTS700082: The refresh token has expired. Please run: az login", "sign_in_expired", "`az login`"),
        ("ERROR: AADSTS50076: you must use multi-factor authentication", "sign_in_expired", "`az login`"),
        (
            "Authentication failed: AADSTS7000215: Invalid client secret provided.",
            "program_secret",
            "AZURE_CLIENT_SECRET",
        ),
        ("ERROR: AADSTS53003: Access has been blocked", "no_token", "az account get-access-token"),
        ("Failed to invoke the Azure CLI", "no_token", "az account get-access-token"),
    ],
)
@pytest.mark.parametrize("chained", [True, False], ids=["of the chain", "alone"])
def test_each_reason_for_getting_no_token_is_explained(said, name, then, chained):
    error = ClientAuthenticationError(CHAIN.format(said)) if chained else CredentialUnavailableError(said)
    explanation = explain(error)
    assert explanation.name == name and then in explanation.next
    lines = str(explanation).splitlines()
    assert len(lines) <= 10 and max(map(len, lines)) <= 110
    if chained:
        assert explanation.details["looked"] == "Environment, AzureCli, AzurePowerShell"
    code = re.search(r"AADSTS\d+", said)
    assert (code[0] if code else said) in explanation.details["said"]
    assert not code or "tenant" not in explanation.details["said"].lower(), "names of people and tenants are left out"


def test_where_nothing_gave_a_token_it_is_said_what_was_looked_for_and_what_to_run():
    for said in ("Azure CLI not found on path", "Please run 'az login' to set up an account"):
        card = " ".join(str(explain(ClientAuthenticationError(CHAIN.format(said)))).split())
        for name in ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "DefaultAzureCredential", "`az login`"):
            assert name in card
        assert "Cognitive Services OpenAI User" in card


# --- the card


def test_the_card_says_what_why_and_what_to_try():
    row = next(row for row in read_rows("errors") if row["error"] == "404_deployment_not_found_2026")
    lines = str(explain(raise_error(404, json.loads(row["body"]), "my-gpt"))).splitlines()
    assert lines[0] == "the resource has no deployment called my-gpt"
    assert [line.split()[0] for line in lines if re.match(r"  \w", line)] == ["why", "try"]
    assert max(map(len, lines)) <= 110
    assert repr(explain(raise_error(404, json.loads(row["body"]), "my-gpt"))).splitlines() == lines


def test_a_filtered_prompt_names_each_category_and_its_severity_those_that_stopped_it_first():
    results = {
        "hate": {"filtered": False, "severity": "safe"},
        "jailbreak": {"filtered": False, "detected": False},
        "violence": {"filtered": True, "severity": "medium"},
        "profanity": {"filtered": True, "detected": True},
    }
    for outer, inner in (("innererror", "content_filter_result"), ("inner_error", "content_filter_results")):
        error = raise_error(400, {"error": {"code": "content_filter", "message": "filtered", outer: {inner: results}}})
        assert explain(error).details["found"] == [
            "violence   medium, filtered",
            "profanity  detected, filtered",
            "hate       safe",
            "jailbreak  not detected",
        ]
    assert "found  violence   medium, filtered\n         profanity" in str(explain(error))


def test_a_filtered_answer_names_its_categories_too():
    choice = {
        "index": 0,
        "finish_reason": "content_filter",
        "message": {"role": "assistant", "content": ""},
        "content_filter_results": {"violence": {"filtered": True, "severity": "high"}},
    }
    completion = ChatCompletion.model_validate(
        {"id": "1", "created": 1, "model": "m", "object": "chat.completion", "choices": [choice]}
    )
    explanation = explain(openai.ContentFilterFinishReasonError(completion=completion))
    assert (explanation.name, explanation.details["found"]) == ("answer_filtered", ["violence  high, filtered"])
    assert explain(openai.ContentFilterFinishReasonError()).name == "answer_filtered"
    cut = explain(openai.LengthFinishReasonError(completion=completion))
    assert (cut.name, "found" in cut.details) == ("answer_cut", False), "the filter has nothing to do with it"


@pytest.mark.parametrize(
    ("headers", "message", "wait"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, "", "1.5 s, says the service"),
        ({"retry-after": "60"}, "", "60 s, says the service"),
        ({"retry-after-ms": "0", "retry-after": "1"}, "", "1 s, says the service"),
        ({}, "Please retry after 60 seconds.", "60 s, says the service"),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:00 GMT"}, "", None),
        ({}, "", None),
    ],
)
def test_a_limit_says_how_long_to_wait_where_the_service_does(headers, message, wait):
    error = raise_error(429, error_of(f"too much. {message}", "RateLimitReached"), **headers)
    assert explain(error).details.get("wait") == wait


def test_a_failure_of_the_service_gives_the_id_that_its_support_asks_for():
    error = raise_error(500, error_of("oh"), **{"apim-request-id": "id-1"})
    assert explain(error).details["id"] == "id-1"
    assert "id" not in explain(raise_error(404, error_of("oh"), **{"apim-request-id": "id-1"})).details


def test_the_courses_own_errors_keep_their_words():
    own = RecordingNotFound("no recorded answer", nearest="a.json", next="temperature=0.0")
    assert str(explain(own)) == str(own)


ODD = ["null", "[]", "3", *({"error": odd} for odd in (None, [], {"message": 7}, {"code": {}, "innererror": []}))]
ODD += [{"error": {"code": "content_filter", "innererror": {"content_filter_result": odd}}} for odd in (5, {"a": 1})]


@pytest.mark.parametrize("body", ODD, ids=str)
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_no_body_is_too_odd_to_be_explained(status, body):
    assert str(explain(raise_error(status, body)))


# --- in a notebook

CELLS = {
    "401": 'ask("refuse-key")',
    "404": 'ask("unknown")',
    "400 filter": 'ask("filter")',
    "400 parameter": "def deeper(model):\n    ask(model)\n\ndeeper('parameter')",
    "429": 'ask("busy")',
    "500": 'ask("broken")',
    "refused": "openai.OpenAI(base_url=closed, api_key='none', max_retries=0).models.list()",
    "slow": "client.with_options(timeout=0.1, max_retries=0).models.list()",
    "async": "await openai.AsyncOpenAI(base_url=closed, api_key='none', max_retries=0).models.list()",
    "own": "1 / 0",
}
OPENING = """import openai
from helpers import connect
client = connect("errors").with_options(max_retries=0)
def ask(model):
    client.chat.completions.create(model=model, messages=[dict(role="user", content="Hello")])
"""
BODIES = {
    "refuse-key": "401_bad_key",
    "unknown": "404_deployment_not_found_2026",
    "filter": "400_content_filter_chat",
    "parameter": "400_temperature_o1",
    "busy": "429_s0_tier",
}


def fail_as_asked(seen):
    if seen.method == "GET":
        time.sleep(0.5)
        return Answer.of_json({"object": "list", "data": []})
    model = seen.json["model"]
    if model not in BODIES:
        return Answer.of_json(error_of("The server had an error."), 500)
    row = next(row for row in read_rows("errors") if row["error"] == BODIES[model])
    return Answer.of_json(json.loads(row["body"]), int(row["status"]))


@pytest.fixture
def run(wire, tmp_path):
    """Runs cells in a real kernel, each of which may fail, and returns their outputs."""

    def run(*sources: str):
        cells = [v4.new_code_cell(source, metadata={"tags": ["raises-exception"]}) for source in sources]
        for index, cell in enumerate(cells):
            cell.id = str(index)
        ran = run_notebook(
            v4.new_notebook(cells=cells), tmp_path, {"PYTHONPATH": f"{ROOT}{os.pathsep}{PYTHONPATH}"}, 60
        )
        # Of the receipts under them test_receipt.py speaks.
        return [[one for one in cell.outputs if not one.get("metadata", {}).get("receipt")] for cell in ran.cells]

    wire.serve(fail_as_asked)
    wire.set(AZURE_OPENAI_MODE="live")
    return run


PYTHONPATH = os.environ.get("PYTHONPATH", "")


def plain(lines: list[str]) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))


def test_in_a_kernel_an_error_shows_the_cells_own_lines_and_its_card(run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"http://127.0.0.1:{server.getsockname()[1]}/v1/"
    opening, *failed, after = run(f"{OPENING}closed = {closed!r}", *CELLS.values(), "print('still here')")
    assert opening == []
    assert [output["text"] for output in after] == ["still here\n"]

    errors = {name: output for name, (output,) in zip(CELLS, failed, strict=True)}
    shown = {name: plain(output["traceback"]) for name, output in errors.items()}
    enames = {name: output["ename"] for name, output in errors.items()}
    assert enames == {
        "401": "AuthenticationError",
        "404": "NotFoundError",
        "400 filter": "BadRequestError",
        "400 parameter": "BadRequestError",
        "429": "RateLimitError",
        "500": "InternalServerError",
        "refused": "APIConnectionError",
        "slow": "APITimeoutError",
        "async": "APIConnectionError",
        "own": "ZeroDivisionError",
    }
    assert errors["401"]["evalue"].startswith("Error code: 401 - Access denied due to invalid")
    assert errors["slow"]["evalue"] == "Request timed out."
    cards = {
        "401": "Azure refused the key",
        "404": "the resource has no deployment called unknown",
        "400 filter": "found  violence   medium, filtered",
        "400 parameter": "parameter does not take temperature",
        "429": "wait  60 s, says the service",
        "500": "the service failed",
        "refused": "takes no connections",
        "slow": "no answer came in time",
        "async": "takes no connections",
    }
    for name, card in cards.items():
        assert card in shown[name].partition(errors[name]["evalue"])[2], f"{name}: the card stands below the error"
        assert shown[name].count("\n  try ") == 1, name
        assert CELLS[name].splitlines()[-1] in shown[name], f"{name}: the cell's own line is shown"
        assert not re.search(r"\.py\b|site-packages|File |/home|/root|/tmp|direct cause", shown[name]), shown[name]
        assert len(shown[name].splitlines()) < 45
    assert "Cell In[2], line 1" in shown["401"] and "Cell In[1], line 5" in shown["401"]
    assert "Cell In[5], line 2" in shown["400 parameter"], "functions of the notebook are part of the story"
    assert "try" not in shown["own"], "other errors are left to Jupyter"


def test_the_handler_is_set_once_and_leaves_a_readers_own_alone(run):
    once = "shell = get_ipython(); first = shell.CustomTB\nconnect('again'); print(shell.CustomTB is first)"
    mine = "shell.set_custom_exc((openai.APIError,), lambda self, *told, **more: print('mine'))"
    outputs = run(OPENING, once, f"{mine}\nconnect('third')", 'ask("refuse-key")')
    assert outputs[1][0]["text"] == "True\n"
    assert [output["text"] for output in outputs[3]] == ["mine\n"]


SIGN_IN = """import asyncio
from helpers import connect, connect_async
client = connect("errors")
def ask(client):
    return client.chat.completions.create(model="m", messages=[dict(role="user", content="Hello")])
"""


@pytest.fixture
def nobody(run, wire, tmp_path, monkeypatch):
    """Nobody is signed in, and there is no tool to sign in with: `run` sees an empty PATH and an empty home."""
    (tmp_path / "home").mkdir()
    wire.set(AZURE_OPENAI_API_KEY="", PATH=str(tmp_path / "home"), HOME=str(tmp_path / "home"))
    return tmp_path / "home"


def test_in_a_kernel_no_key_and_no_login_end_in_a_short_card_alone(run, nobody):
    asked = ["ask(client)", 'ask(connect("errors", "2024-10-21"))', 'await ask(connect_async("errors"))']
    opening, *failed = run(SIGN_IN, *asked)
    assert opening == []
    for source, outputs in zip(asked, failed, strict=True):
        (output,) = outputs  # nothing on stderr beside it
        assert output["ename"] == "ClientAuthenticationError"
        shown = plain(output["traceback"])
        assert len(shown.splitlines()) < 25, shown
        assert source in shown and not re.search(r"site-packages|File |/home|/root|/tmp", shown)
        assert "there is no key, and nobody is signed in to Microsoft Entra ID" in shown
        assert "looked  Environment, WorkloadIdentity, ManagedIdentity" in shown
        assert "said    AzureCli: Azure CLI not found on path" in shown
        assert shown.count("\n  try ") == 1 and "Cognitive Services OpenAI User" in shown
        assert output["evalue"].startswith("there is no key") and "`az login`" in output["evalue"]
        assert len(output["evalue"].splitlines()) < 6, "what `record` has room for"


def test_a_notebook_that_is_recorded_with_no_key_and_no_login_fails_with_what_to_run(run, nobody, tmp_path):
    cells = [v4.new_code_cell(f"{SIGN_IN}ask(client)")]
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(v4.new_notebook(cells=cells), tmp_path, {"PYTHONPATH": f"{ROOT}{os.pathsep}{PYTHONPATH}"}, 60)
    told = str(caught.value)
    assert "ClientAuthenticationError: there is no key, and nobody is signed in" in told and "`az login`" in told
    assert "Attempted credentials" not in told


@pytest.mark.parametrize(
    ("says", "card"),
    [
        ("Please run 'az login' to setup account.", "nobody is signed in to Microsoft Entra ID"),
        ("AADSTS50020: User account from identity provider", "another tenant"),
    ],
)
def test_in_a_kernel_what_az_says_is_explained(run, nobody, says, card):
    tool = nobody / "az"
    tool.write_text(f'#!/bin/sh\necho "ERROR: {says}" >&2\nexit 1\n')
    tool.chmod(0o755)
    _, (output,) = run(SIGN_IN, "ask(client)")
    assert card in (shown := plain(output["traceback"])) and len(shown.splitlines()) < 25


def test_a_sign_in_leaves_a_readers_own_handler_and_the_loggers_that_a_reader_set(run, nobody):
    mine = "get_ipython().set_custom_exc((ValueError,), lambda self, *told, **more: print('mine'))"
    loud = "import logging\nlogging.getLogger('azure').setLevel(logging.INFO)"
    show = "print(get_ipython().custom_exceptions, logging.getLogger('azure.identity').level)"
    *_, (output,) = run("from helpers import connect", mine, loud, 'client = connect("errors")', show)
    assert output["text"] == "(<class 'ValueError'>,) 0\n"


def test_the_second_sign_in_changes_nothing(run, nobody):
    once = "shell = get_ipython(); first = shell.CustomTB, shell.custom_exceptions\nconnect('again')"
    show = "print((shell.CustomTB, shell.custom_exceptions) == first, len(shell.custom_exceptions))"
    *_, (output,) = run(SIGN_IN, once, show)
    assert output["text"] == "True 2\n"


def test_before_connect_nothing_in_the_kernel_is_changed(run):
    (output,) = run("import helpers\nprint(get_ipython().custom_exceptions)")
    assert output[0]["text"] == "()\n"


def test_outside_of_a_notebook_connect_does_not_load_the_explanations(tmp_path):
    (tmp_path / "recordings").mkdir()
    code = (
        f"import sys; from helpers import connect; connect({str(tmp_path / 'recordings')!r});"
        "print(sorted({'IPython', 'helpers.explanations', 'helpers.tables', 'pandas'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert ended.stdout.strip() == "[]", ended.stderr
