"""python -m helpers doctor: each bad state is one line with its next step, and nothing is paid for without a yes."""

import os
import re
import shutil
import socket
import sys
import time
from datetime import date

import pytest

from helpers import settings
from helpers.__main__ import main
from helpers.course.doctor import examine
from helpers.lines import WIDTH
from helpers.tables import read_rows
from tests.forks import run_python
from tests.loopback import Answer, Seen, open_wire
from tests.standin import serve

wire = pytest.fixture(open_wire)
TODAY = date(2026, 11, 20)
MODELS = {"object": "list", "data": [{"id": "gpt-5.4-mini", "object": "model", "created": 1, "owned_by": "test"}]}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository's root of its own, so that .env, deployments.toml and the lock can be written."""
    shutil.copy(settings.ROOT / "requirements.lock", tmp_path)
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def running_standin():
    with serve() as running:
        yield running


@pytest.fixture
def standin(wire, running_standin):
    running_standin.requests.clear()
    wire.set(AZURE_OPENAI_ENDPOINT=running_standin.endpoint, AZURE_OPENAI_API_KEY=running_standin.key)
    return running_standin


def look(*models: str, **options):
    """state and check -> what, of all findings; those of one kind are joined."""
    found: dict[str, str] = {}
    for finding in examine(models, today=TODAY, **options):
        assert finding.state == "ok" or finding.next, f"no next step: {finding}"
        assert finding.state in {"ok", "warn", "fail"}
        assert "\n" not in finding.what + finding.next
        whole = f"{finding.state} {finding.check} {finding.what}" + f" try: {finding.next}" * bool(finding.next)
        assert str(finding).split() == whole.split()
        assert all(len(line) <= WIDTH or len(line.split()) < 3 for line in str(finding).splitlines()), str(finding)
        name = f"{finding.state} {finding.check}"
        found[name] = f"{found[name]}\n{finding.what}" if name in found else finding.what
    return found


def failures(found: dict[str, str]) -> dict[str, str]:
    return {name: what for name, what in found.items() if not name.startswith("ok ")}


def error_of(message: str, code: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "code": code}}


def answer_with(*chat: Answer):
    """A service that lists its models, and answers everything else with these, one after the other."""
    left = list(chat)
    return lambda seen: Answer.of_json(MODELS) if seen.method == "GET" else left.pop(0)


# --- settings


def test_with_nothing_set_all_is_well_and_it_says_how_to_go_further(wire, root):
    found = look()
    assert failures(found) == {}
    assert "replay needs none: the course runs" in found["ok endpoint"]
    assert found["ok settings"] == "replay mode; there is no .env"


def test_a_dotenv_is_found_and_used(wire, root, standin, monkeypatch):
    (root / ".env").write_text(f"AZURE_OPENAI_ENDPOINT={standin.endpoint}\nAZURE_OPENAI_API_KEY={standin.key}\n")
    for name in ("MODE", "ENDPOINT", "API_KEY", "AD_TOKEN"):
        monkeypatch.delenv(f"AZURE_OPENAI_{name}")
    found = look()
    assert found["ok settings"] == "replay mode; with .env"
    assert "answers, and takes the credential" in found["ok API v1"]
    assert "this machine" in found["ok endpoint"]


@pytest.mark.parametrize("mode", ["live", "record"])
def test_a_mode_that_asks_needs_an_endpoint(wire, mode):
    wire.set(AZURE_OPENAI_MODE=mode)
    assert failures(look()) == {"fail endpoint": f"none, and {mode} mode asks one"}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AZURE_OPENAI_MODE", "lve", "which is no mode"),
        ("AZURE_OPENAI_ENDPOINT", "https://portal.azure.com/#home", "address of a web page"),
        ("AZURE_OPENAI_ENDPOINT", "https://<your-resource>.openai.azure.com", "still holds the placeholder"),
        ("AZURE_OPENAI_ENDPOINT", "my resource", "holds a space"),
        ("AZURE_OPENAI_API_KEY", "<paste it here>", "is no key"),
        ("AZURE_OPENAI_AD_TOKEN", "a-token", "two credentials are given"),
        ("AZURE_OPENAI_PACE", "fast", "AZURE_OPENAI_PACE"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_what_to_do_and_nothing_is_asked(wire, standin, name, value, told):
    wire.set(**{name: value})
    (state, what), *rest = failures(look()).items()
    assert (state, rest) == ("fail settings", [])
    assert told in what
    assert standin.requests == []


def test_a_pasted_deployment_that_no_call_would_ask_is_named_with_what_to_do(wire, root, standin):
    pasted = standin.endpoint.partition("/openai")[0] + "/openai/deployments/my-gpt/chat/completions?api-version=1"
    wire.set(AZURE_OPENAI_ENDPOINT=pasted)
    found = look()
    assert found["warn endpoint"].startswith("not used: deployment my-gpt, which the endpoint's URL names")
    (root / "deployments.toml").write_text('"gpt-5.4-mini" = "my-gpt"')
    assert "warn endpoint" not in look()


def test_a_broken_deployments_toml_is_named(wire, root, standin):
    (root / "deployments.toml").write_text("gpt-5.4-mini = my deployment")
    assert "deployments.toml cannot be read" in failures(look())["fail settings"]
    (root / "deployments.toml").write_text('"gpt-5.4-mini" = "my deployment!"')
    assert "which no deployment can be called" in failures(look())["fail settings"]


def test_versions_that_are_not_the_pinned_ones_are_told(wire, root):
    assert look()["ok versions"].endswith("as pinned")
    lock = root / "requirements.lock"
    lock.write_text(re.sub(r"^openai==.*", "openai==3.0.0", lock.read_text(), flags=re.M))
    assert "the course was made with openai 3.0.0" in failures(look())["warn versions"]


# --- the service


def test_a_healthy_resource_has_no_finding_but_ok(wire, standin):
    wire.set(OPENAI_API_VERSION="2024-10-21")
    found = look("gpt-5.4-mini")
    assert failures(found) == {}
    assert found["ok deployment"] == "gpt-5.4-mini answers"
    assert "takes the credential" in found["ok API v1"] and "takes the credential" in found["ok API 2024-10-21"]
    assert [request[:2] for request in standin.requests] == [
        ("GET", "/openai/v1/models"),
        ("GET", "/openai/models"),
        ("POST", "/openai/v1/chat/completions"),
    ]
    assert standin.requests[-1][2]["max_completion_tokens"] == 1


def test_a_wrong_key_is_told_and_no_deployment_is_asked(wire, standin):
    wire.set(AZURE_OPENAI_API_KEY=standin.key[::-1])
    assert failures(look("gpt-5.4-mini")) == {"fail API v1": "Azure refused the key"}
    assert [method for method, *_ in standin.requests] == ["GET"]


def test_an_unknown_deployment_is_told_and_the_others_are_asked(wire, standin):
    found = look("gpt-9", "gpt-5.4-mini")
    assert failures(found) == {
        "warn model": "gpt-9 is in no table, so its life cycle is not known",
        "fail deployment": "the resource has no deployment called gpt-9",
    }
    assert found["ok deployment"] == "gpt-5.4-mini answers"


def test_an_expired_token_of_entra_is_told(wire):
    message = "Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired."
    wire.serve(lambda seen: Answer.of_json({"statusCode": 401, "message": message}, 401))
    wire.set(AZURE_OPENAI_API_KEY="", AZURE_OPENAI_AD_TOKEN="expired")
    found = look()
    assert found["ok credential"] == "a token"
    assert failures(found) == {"fail API v1": "Azure did not accept the sign-in"}


def test_nobody_signed_in_is_told(wire, standin, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no `az` of the developer's
    wire.set(AZURE_OPENAI_API_KEY="")
    found = look()
    assert found["ok credential"] == "Microsoft Entra ID, as there is no key"
    assert failures(found) == {
        "fail credential": "there is no key, and nobody is signed in to Microsoft Entra ID "
        "· AzureCli: Azure CLI not found on path"
    }


def test_a_sign_in_to_another_tenant_is_told(wire, standin, monkeypatch, tmp_path):
    tool = tmp_path / "az"
    tool.write_text('#!/bin/sh\necho "ERROR: AADSTS50020: User account of somebody" >&2\nexit 1\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    wire.set(AZURE_OPENAI_API_KEY="")
    [(check, what)] = failures(look()).items()
    assert check == "fail credential" and "another tenant" in what and what.endswith("· AzureCli: AADSTS50020")


def test_the_whole_command_says_that_nobody_is_signed_in_and_azure_says_nothing_beside_it(wire, standin, tmp_path):
    environment = os.environ | {"AZURE_OPENAI_API_KEY": "", "PATH": str(tmp_path), "HOME": str(tmp_path)}
    command = ["-m", "helpers", "doctor"]
    ended = run_python(command, env=environment, cwd=settings.ROOT)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "fail  credential     there is no key" in ended.stdout and "`az login`" in ended.stdout


def test_a_port_where_nothing_listens_is_told(wire):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    wire.set(AZURE_OPENAI_ENDPOINT=f"http://127.0.0.1:{port}", AZURE_OPENAI_API_KEY="some-key")
    (what,) = failures(look()).values()
    assert what.startswith("127.0.0.1 takes no connections · ConnectError") and "refused" in what


def test_a_slow_server_is_given_up_on(wire):
    def sleep(seen: Seen) -> Answer:
        time.sleep(1)
        return Answer.of_json(MODELS)

    wire.serve(sleep)
    begun = time.perf_counter()
    (what,) = failures(look(timeout=0.1)).values()
    assert what.startswith("no answer came in time")
    assert time.perf_counter() - begun < 0.9


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer.of_bytes(b"<html>Welcome</html>", "text/html; charset=utf-8"), "something answers (text/html)"),
        (Answer.of_bytes(b'<script>{"data": []}</script>', "text/html"), "something answers (text/html)"),
        (Answer.of_json({"hello": "world"}), "something answers (application/json)"),
        (Answer(502, {"content-type": "text/html"}, b"<html>Bad Gateway</html>"), "something between you and the"),
        (Answer(403, {"content-type": "text/html"}, b"<html>Blocked</html>"), "you are known, but this is not"),
        (
            Answer.of_json(error_of("denied due to Virtual Network/Firewall rules.", "403"), 403),
            "closed to your network",
        ),
        (Answer.of_json(error_of("oh"), 500), "the service failed"),
    ],
)
def test_what_is_no_azure_or_not_well_is_told(wire, answer, told):
    wire.serve(lambda seen: answer)
    found = failures(look("gpt-5.4-mini"))
    assert list(found) == ["fail API v1"] and told in found["fail API v1"]


def test_a_server_without_a_list_of_models_may_still_answer(wire):
    server = wire.serve(lambda seen: Answer.of_json({}, 404 if seen.method == "GET" else 200))
    found = look("gpt-5.4-mini")
    assert failures(found) == {"warn API v1": "no list of models, which some servers have not"}
    assert found["ok deployment"] == "gpt-5.4-mini answers" and len(server.seen) == 2


def test_a_server_that_is_not_azures_is_told_where_its_api_may_be(wire):
    server = wire.serve(lambda seen: Answer.of_json({"detail": "Not Found"}, 404))
    [finding] = [finding for finding in examine(today=TODAY) if finding.check == "API v1"]
    assert finding.state == "warn" and "--model NAME" in finding.next
    assert f"AZURE_OPENAI_ENDPOINT={server.url}/v1" in finding.next


def test_an_azure_resource_without_the_v1_api_is_told_what_a_404_means(wire):
    wire.serve_as("own.openai.azure.com", lambda seen: Answer.of_json(error_of("Resource not found", "404"), 404))
    found = look()
    assert "the Azure resource own" in found["ok endpoint"]
    assert failures(found) == {"fail API v1": "nothing answers at this address"}


@pytest.mark.parametrize("version", ["2024-10-21", "2099-01-01"])
def test_a_dated_version_is_tried_where_one_is_set(wire, version):
    def answer(seen: Seen) -> Answer:
        known = "api-version" not in seen.path or "2024-10-21" in seen.path
        return Answer.of_json(MODELS) if known else Answer.of_json(error_of("Resource not found", "404"), 404)

    wire.serve_as("own.openai.azure.com", answer)
    wire.set(OPENAI_API_VERSION=version)
    expected = {} if version == "2024-10-21" else {f"fail API {version}": "nothing answers at this address"}
    assert failures(look()) == expected


def test_a_version_that_is_no_date_is_told(wire, standin):
    wire.set(OPENAI_API_VERSION="latest")
    assert failures(look()) == {"fail API latest": "'latest' is no dated API version"}


def test_a_deployment_whose_limit_is_used_up_is_busy_and_not_broken(wire):
    wire.serve(answer_with(Answer.of_json(error_of("exceeded token rate limit", "429"), 429)))
    assert failures(look("gpt-5.4-mini")) == {"warn deployment": "the deployment's limit per minute is used up"}


def test_a_reasoning_model_that_one_token_is_too_little_for_answers_all_the_same(wire):
    refusal = Answer.of_json(error_of("Could not finish: max_tokens or model output limit was reached."), 400)
    server = wire.serve(answer_with(refusal))
    found = look("gpt-5.1")
    assert failures(found) == {} and found["ok deployment"] == "gpt-5.1 answers"
    assert server.seen[-1].json["max_completion_tokens"] == 1 and "max_tokens" not in server.seen[-1].json


def test_each_kind_of_model_is_asked_the_smallest_request_of_its_own(wire):
    server = wire.serve(answer_with(Answer.of_json({}), Answer.of_json({})))
    found = look("text-embedding-3-small", "gpt-image-1.5", "gpt-5-pro", "gpt-4.1")
    asked = [(seen.path, seen.json["model"]) for seen in server.seen if seen.method == "POST"]
    assert asked == [
        ("/openai/v1/embeddings", "text-embedding-3-small"),
        ("/openai/v1/chat/completions", "gpt-4.1"),
    ]
    assert found["warn deployment"].splitlines() == [
        "gpt-image-1.5 was not asked: no request to it is small",
        "gpt-5-pro was not asked: no request to it is small",
    ]


# --- models


@pytest.mark.parametrize(
    ("model", "state", "told"),
    [
        ("gpt-35-turbo", "fail", "gpt-35-turbo 0125 is retired"),
        ("o1-2024-12-17", "fail", "o1 2024-12-17 is retired, since 2026-11-19"),
        ("whisper", "warn", "will be retired on 2026-12-15"),
        ("gpt-4o-mini", "warn", "answers those who have it, and no new customer can deploy it"),
        ("gpt-4o", "ok", "gpt-4o 2024-11-20 is served until 2027-04-14"),
        ("gpt-oss-120b", "ok", "is served"),
        ("gpt-6-sol", "warn", "no source says that a new customer can deploy it"),
        ("my-deployment", "warn", "is in no table"),
    ],
)
def test_the_life_cycle_of_each_model_that_is_named_is_told(wire, model, state, told):
    assert told in look(model)[f"{state} model"]


def test_every_model_of_the_table_has_a_finding(wire):
    names = {row["model"] for row in read_rows("models")}
    findings = [finding for finding in examine(sorted(names), today=TODAY) if finding.check == "model"]
    assert len(findings) == len(names)


def test_a_retired_model_is_not_asked(wire, standin):
    found = look("gpt-35-turbo")
    assert list(failures(found)) == ["fail model"]
    assert [method for method, *_ in standin.requests] == ["GET"]


def test_a_mapped_name_is_told_and_is_what_is_asked_for(wire, root):
    (root / "deployments.toml").write_text('"gpt-5.4-mini" = "my-mini"\n')
    server = wire.serve(answer_with(Answer.of_json({})))
    found = look()
    assert found["ok mapping"] == "gpt-5.4-mini is asked for as my-mini"
    assert found["ok deployment"] == "gpt-5.4-mini answers" and failures(found) == {}
    assert server.seen[-1].json["model"] == "my-mini"


# --- money and secrets


def serve_azure(wire):
    return wire.serve_as("own.openai.azure.com", answer_with(*[Answer.of_json({})] * 3))


def test_nothing_that_costs_is_sent_before_the_price_was_agreed_to(wire):
    server, shown = serve_azure(wire), []

    def refuse(price: str) -> bool:
        shown.append((price, [seen.method for seen in server.seen]))
        return False

    found = look("gpt-5.4-mini", "gpt-4.1", "my-own", agree=refuse)
    ((price, asked),) = shown
    usd = (8 * 0.75 + 4.5 + 8 * 2 + 8) / 1e6
    assert price == f"about {usd:.6f} US dollars for one token of each of 3, without my-own, whose price is in no table"
    assert set(asked) == {"GET"} == {seen.method for seen in server.seen}
    assert found["warn deployment"] == f"none was asked; that is {price}"


def test_what_was_agreed_to_is_sent(wire):
    server = serve_azure(wire)
    found = look("gpt-5.4-mini", agree=lambda price: True)
    assert found["ok deployment"] == "gpt-5.4-mini answers"
    assert [seen.method for seen in server.seen] == ["GET", "POST"]


def test_without_a_terminal_nobody_is_asked_and_yes_answers_for_them(wire, capsys, monkeypatch):
    server = serve_azure(wire)
    read, write = os.pipe()
    os.write(write, b"y\n")
    with os.fdopen(read) as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        assert main(["doctor", "--model", "gpt-5.4-mini"]) == 0
    os.close(write)
    assert "--yes agrees to it" in capsys.readouterr().out
    assert [seen.method for seen in server.seen] == ["GET"]
    assert main(["doctor", "--model", "gpt-5.4-mini", "--yes"]) == 0
    assert "gpt-5.4-mini answers" in capsys.readouterr().out
    assert [seen.method for seen in server.seen] == ["GET", "GET", "POST"]


@pytest.mark.parametrize(("typed", "methods"), [("y\n", ["GET", "POST"]), ("\n", ["GET"])])
def test_at_a_terminal_the_price_is_shown_and_asked(wire, capsys, monkeypatch, typed, methods):
    server = serve_azure(wire)
    ours, theirs = pytest.importorskip("pty").openpty()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        os.write(ours, typed.encode())
        assert main(["doctor", "--model", "gpt-5.4-mini"]) == 0
    os.close(ours)
    printed = capsys.readouterr().out
    assert re.search(r"about 0\.0000\d\d US dollars.*\nAsk\? \[y/N\]", printed)
    assert [seen.method for seen in server.seen] == methods


def test_the_exit_code_is_1_only_where_something_failed(wire, standin, capsys):
    assert main(["doctor", "--model", "gpt-4o-mini"]) == 0  # a warning
    assert main(["doctor", "--model", "gpt-35-turbo"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^warn  model .*(?:\n {21}(?!try).*)*\n {21}try: ", out, re.M)
    assert re.search(r"^fail  model ", out, re.M)


@pytest.mark.parametrize("bad", [None, "key", "endpoint", "mode"])
def test_no_credential_is_ever_printed(wire, standin, bad):
    secrets = {"AZURE_OPENAI_API_KEY": standin.key, "AZURE_OPENAI_ENDPOINT": standin.endpoint}
    secrets |= {"key": {"AZURE_OPENAI_API_KEY": f"<{standin.key}>"}, "mode": {"AZURE_OPENAI_MODE": standin.key[:4]},
                "endpoint": {"AZURE_OPENAI_ENDPOINT": standin.key}}.get(bad, {})  # fmt: skip
    command = ["-m", "helpers", "doctor", "--model", "gpt-9"]
    folder = os.environ | secrets | {"AZURE_OPENAI_MODE": "live"} if bad != "mode" else os.environ | secrets
    ended = run_python(command, env=folder, cwd=settings.ROOT)
    assert ended.returncode == 1 and ended.stderr == ""
    assert standin.key not in ended.stdout and "fail" in ended.stdout


def test_the_doctor_leaves_the_settings_and_the_disk_as_they_were(wire, standin, root):
    before = dict(os.environ)
    look("gpt-5.4-mini")
    assert dict(os.environ) == before
    assert [path.name for path in root.iterdir()] == ["requirements.lock"]
