"""python -m helpers deployments: az commands that are right, for the models that a notebook asks for, and no others."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest

from helpers.__main__ import main
from helpers.course.deployments import deployment_commands, plan_deployments
from helpers.errors import CourseError
from helpers.lines import WIDTH
from helpers.tables import deployable_models, read_rows

NAME = "02_tiny"
BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="bash is not installed")

# What each command takes, from Microsoft's reference of `az cognitiveservices` and `az group`.
RESOURCE = {"--name", "--resource-group"}
REQUIRED = {
    "group create": {"--name", "--location"},
    "group delete": {"--name"},
    "account create": {*RESOURCE, "--location", "--kind", "--sku"},
    "account show": RESOURCE,
    "account keys list": RESOURCE,
    "account delete": RESOURCE,
    "account purge": {*RESOURCE, "--location"},
    "account deployment create": {*RESOURCE, "--deployment-name", "--model-name", "--model-version", "--model-format"},
    "account deployment delete": {*RESOURCE, "--deployment-name"},
    "role assignment create": {"--role", "--assignee-object-id", "--scope"},
    "ad signed-in-user show": {"--query", "--output"},
}
ALONE = {"--yes", "--assign-identity"}
OPTIONAL = {
    "account create": {"--custom-domain", "--yes", "--assign-identity", "--allow-project-management"},
    "account show": {"--query", "--output"},
    "account keys list": {"--query", "--output"},
    "account deployment create": {"--sku-name", "--sku-capacity"},
}


def write_notebook(root: Path, *sources: str) -> None:
    path = root / "notebooks" / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [v4.new_code_cell(source) for source in sources]
    nbformat.write(v4.new_notebook(cells=cells), path)


def write_recording(root: Path, model: str, *answers: dict[str, object], dated: bool = False) -> None:
    folder = root / "data" / "recordings" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    path = f"/openai/deployments/{model}/chat/completions" if dated else "/openai/v1/chat/completions"
    request = {"method": "POST", "path": path, "query": {}, "json": {} if dated else {"model": model}}
    number = len(list(folder.iterdir()))
    (folder / f"chat.completions.{number}.json").write_text(json.dumps({"request": request, "answers": list(answers)}))


def answer(prompt: int, completion: int) -> dict[str, object]:
    return {"status": 200, "json": {"usage": {"prompt_tokens": prompt, "completion_tokens": completion}}}


@pytest.fixture
def course(tmp_path):
    write_notebook(tmp_path, "print(1)")
    write_recording(tmp_path, "gpt-5.4-mini", answer(1000, 500), answer(1000, 500))
    write_recording(tmp_path, "gpt-4o", answer(10, 20), dated=True)
    write_recording(tmp_path, "gpt-4", answer(10, 20))
    return tmp_path


def run_script(script: str, folder: Path, *calls: str) -> list[list[str]]:
    """The arguments of every `az` that bash calls when it runs the script, and then these of its functions."""
    az = folder / "bin" / "az"
    az.parent.mkdir(exist_ok=True)
    log = folder / "az.log"
    noted = 'for each; do printf "%s\\0" "$each"; done >> "$AZ_LOG"; printf "\\n" >> "$AZ_LOG"'
    az.write_text(f"#!/bin/sh\n{noted}\necho AN-ID\n")
    az.chmod(0o755)
    log.write_text("")
    environment = {"PATH": f"{az.parent}{os.pathsep}{os.environ['PATH']}", "AZ_LOG": str(log)}
    command = [BASH or "", "-eu", "-c", "\n".join([script, *calls])]
    subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return [line.rstrip("\0").split("\0") for line in log.read_text().splitlines()]


def parse(arguments: list[str]) -> tuple[str, dict[str, str]]:
    """("account deployment create", {option: value}); every option has a value but those of ALONE."""
    words = [word for word in arguments if word not in ALONE]
    first = next(i for i, word in enumerate(words) if word.startswith("--"))
    verb = " ".join(words[:first]).removeprefix("cognitiveservices ")
    options = dict(zip(words[first::2], words[first + 1 :: 2], strict=True))
    return verb, options | dict.fromkeys(ALONE & {*arguments}, "")


# --- which models


def test_a_notebook_needs_the_models_it_was_recorded_with_in_every_form_of_the_api(course):
    plan = plan_deployments("02", course).set_index("model")
    assert list(plan.index) == ["gpt-4o", "gpt-5.4-mini", "gpt-4"], "what cannot be deployed comes last"
    row = plan.loc["gpt-5.4-mini"]
    assert (row.answers, row.prompt_tokens, row.output_tokens) == (2, 2000, 1000)
    assert row.usd == pytest.approx((2000 * 0.75 + 1000 * 4.5) / 1e6)


def test_the_newest_version_that_a_new_customer_can_deploy_is_taken(tmp_path):
    """Of every model in the table, also of one whose newest version nobody can deploy yet."""
    newest = deployable_models().groupby("model").version.max()
    write_notebook(tmp_path)
    for model in newest.index:
        write_recording(tmp_path, model, answer(1, 1))
    plan = plan_deployments("02", tmp_path).set_index("model")
    assert plan.version.to_dict() == newest.to_dict()
    assert (plan.version["gpt-4o"], plan.version["gpt-5.4-mini"]) == ("2024-11-20", "2026-03-17")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("gpt-4o-mini", "deprecated: it answers only those who have it, until 2027-04-14"),
        ("o1-preview", "retired on 2025-07-28"),
        ("o1-mini", "retired"),
        ("gpt-6-sol", "no source says that a new customer can deploy it"),
        ("my-own", "data/tables/models.csv does not know it"),
    ],
)
def test_a_model_that_nobody_can_deploy_is_listed_with_the_reason(tmp_path, model, reason):
    write_notebook(tmp_path)
    write_recording(tmp_path, model, answer(1, 1))
    (row,) = plan_deployments("02", tmp_path).itertuples()
    assert (row.model, row.version, row.note) == (model, "", reason)
    script = deployment_commands("02", tmp_path)
    unfolded = script.replace("\n#   ", " ")  # a long comment goes on in the next line
    assert f"\n# {model}: {reason}; its part always replays.\n" in unfolded
    assert "deployment create" not in script and "asks for 0 deployments." in script


def test_a_version_that_is_named_is_the_one_deployed(tmp_path):
    write_notebook(tmp_path)
    write_recording(tmp_path, "gpt-4o-2024-11-20", answer(1, 1))
    script = deployment_commands("02", tmp_path)
    assert "--deployment-name gpt-4o-2024-11-20 \\\n  --model-name gpt-4o --model-version 2024-11-20" in script


def test_the_name_that_people_use_for_a_version_finds_it(tmp_path):
    write_notebook(tmp_path)
    write_recording(tmp_path, "gpt-4-turbo", answer(1, 1))
    plan = plan_deployments("02", tmp_path).set_index("model")
    assert plan.note["gpt-4-turbo"] == "retired"


def test_a_name_that_was_asked_for_to_see_it_fail_is_not_deployed(course):
    write_recording(course, "no-such", {"status": 404, "json": {"error": {"code": "DeploymentNotFound"}}})
    assert "no-such" not in set(plan_deployments("02", course).model)


def test_what_was_never_recorded_is_read_from_the_calls_in_the_code(tmp_path):
    write_notebook(
        tmp_path,
        "client.chat.completions.create(model='gpt-4.1', messages=[])",
        "model = 'gpt-4.1-nano'\nclient.chat.completions.parse(model=model, messages=[])",
        "for name in ['gpt-5', 'gpt-5-mini']:\n    client.responses.create(model=name, input='Hi')",
        "list_price(model='o3'); print('gpt-5-nano')\nother = 'gpt-4o'",
        "client.chat.completions.create(model='not-a-model', messages=[])",
        "%timeit 1\nthis is (not Python",
    )
    plan = plan_deployments("02", tmp_path)
    assert set(plan.model) == {"gpt-4.1", "gpt-4.1-nano", "gpt-5", "gpt-5-mini"}
    assert plan.answers.sum() == 0 and plan.usd.isna().all()
    assert "not known" in deployment_commands("02", tmp_path)


def test_an_unknown_notebook_is_refused_with_the_nearest(course, capsys):
    with pytest.raises(CourseError, match=f"(?s)no such notebook: 77.*{NAME[:2]}"):
        deployment_commands("77", course)
    assert main(["deployments", "77"]) == 1
    assert "no such notebook" in capsys.readouterr().err


def test_the_command_prints_the_script_of_the_courses_own_notebook(capsys):
    assert main(["deployments", "00"]) == 0
    assert capsys.readouterr().out == deployment_commands("00") + "\n"


# --- the commands


@needs_bash
def test_the_commands_are_ones_that_az_knows_with_all_that_it_requires(course):
    called = [*run_script(deployment_commands("02", course), course, "delete_deployments", "delete_resource")]
    verbs = []
    for arguments in called:
        verb, options = parse(arguments)
        verbs.append(verb)
        assert set(options) >= REQUIRED[verb], verb
        assert set(options) <= REQUIRED[verb] | OPTIONAL.get(verb, set()), verb
        given = [value for name, value in options.items() if name not in ALONE]
        assert all(value and not value.startswith("-") for value in given), arguments
        if "--resource-group" in options:
            assert (options["--name"], options["--resource-group"]) == ("YOUR-RESOURCE", "openai-course")
    assert set(verbs) == set(REQUIRED)


@needs_bash
def test_pasting_the_whole_script_creates_in_order_and_deletes_nothing(course):
    script = deployment_commands("02", course)
    subprocess.run([BASH, "-n"], input=script, text=True, check=True)
    verbs = [parse(arguments)[0] for arguments in run_script(script, course)]
    creates = ["group create", "account create", *["account deployment create"] * 2]
    role = ["ad signed-in-user show", "account show", "role assignment create"]
    assert verbs == [*creates, *role, "account show", "account keys list"]


@needs_bash
def test_the_resource_can_hold_projects_which_needs_an_identity(course):
    called = [parse(arguments) for arguments in run_script(deployment_commands("02", course), course)]
    (options,) = [options for verb, options in called if verb == "account create"]
    assert (options["--kind"], options["--allow-project-management"]) == ("AIServices", "true")
    assert options["--assign-identity"] == ""


@needs_bash
def test_who_is_signed_in_gets_the_role_that_calls_models_on_the_resource_alone(course):
    called = [parse(arguments) for arguments in run_script(deployment_commands("02", course), course)]
    (options,) = [options for verb, options in called if verb == "role assignment create"]
    assert options == {
        "--role": "Cognitive Services OpenAI User",
        "--assignee-object-id": "AN-ID",
        "--scope": "AN-ID",
    }
    (row,) = [row for row in read_rows("service_facts") if row["name"] == options["--role"]]
    assert (row["topic"], row["accepted"]) == ("role", "yes")


def test_the_commands_fit_a_page(course):
    script = deployment_commands("02", course)
    assert max(map(len, script[script.index("RESOURCE=") :].splitlines())) <= WIDTH


@needs_bash
def test_what_is_created_is_what_is_deleted(course):
    called = run_script(deployment_commands("02", course), course, "delete_deployments")
    names: dict[str, list[str]] = {"create": [], "delete": []}
    for verb, options in map(parse, called):
        if "deployment" in verb:
            names[verb.split()[-1]].append(options["--deployment-name"])
    assert names["create"] == names["delete"] == ["gpt-4o", "gpt-5.4-mini"]


@needs_bash
@pytest.mark.parametrize(
    ("model", "sku", "capacity"),
    [("gpt-5", "GlobalStandard", "50"), ("whisper", "Standard", "1"), ("gpt-image-1.5", "GlobalStandard", "1")],
)
def test_type_and_capacity_are_those_that_the_model_is_offered_with(tmp_path, model, sku, capacity):
    write_notebook(tmp_path)
    write_recording(tmp_path, model, answer(1, 1))
    called = [parse(arguments) for arguments in run_script(deployment_commands("02", tmp_path), tmp_path)]
    (options,) = [options for verb, options in called if verb == "account deployment create"]
    assert (options["--sku-name"], options["--sku-capacity"]) == (sku, capacity)
    assert (options["--model-name"], options["--model-format"]) == (model, "OpenAI")


@needs_bash
def test_the_script_says_how_to_sign_in_before_its_first_command(course):
    script = deployment_commands("02", course)
    assert "az login" in script[: script.index("\naz ")]


def test_a_script_without_a_deployment_is_still_bash(tmp_path):
    write_notebook(tmp_path)
    called = run_script(deployment_commands("02", tmp_path), tmp_path, "delete_deployments")
    assert [parse(arguments)[0] for arguments in called][:2] == ["group create", "account create"]


@needs_bash
def test_a_recorded_name_cannot_smuggle_in_a_command(tmp_path):
    write_notebook(tmp_path)
    write_recording(tmp_path, "x\naz group delete --name everything #", answer(1, 1))
    called = run_script(deployment_commands("02", tmp_path), tmp_path)
    assert "group delete" not in [parse(arguments)[0] for arguments in called]


def test_every_name_that_reaches_the_script_needs_no_quotes():
    for row in deployable_models().itertuples():
        assert shlex.quote(row.model) == row.model and shlex.quote(row.version) == row.version


def test_the_script_tells_what_recording_costs(course):
    first, second, *_ = deployment_commands("02", course).splitlines()
    assert first.startswith(f"# {NAME} asks for 2 deployments. A deployment costs nothing")
    priced = re.search(r"price of recording it: about (0\.\d{4}) US dollars for 3 answers", second)
    plan = plan_deployments("02", course)
    assert priced and float(priced[1]) == pytest.approx(plan[plan.note == ""].usd.sum(), abs=5e-5), "as in the table"


def test_one_deployment_is_not_called_deployments(tmp_path):
    write_notebook(tmp_path)
    write_recording(tmp_path, "gpt-4o", answer(1, 1))
    assert deployment_commands("02", tmp_path).startswith(f"# {NAME} asks for 1 deployment. A deployment costs")
