"""Which deployments a notebook asks for: as a table, and as the `az` commands that create and delete them."""

import json
import textwrap
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.costs import expected_cost
from helpers.course.asking import read_models
from helpers.course.lifecycle import say_why
from helpers.course.notebooks import find_notebook, read_notebook
from helpers.course.upkeep import read_records, read_usage
from helpers.errors import UnknownPrice
from helpers.recordings.exchange import model_of
from helpers.settings import ROOT, Settings
from helpers.tables import list_versions, read_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["deployment_commands", "plan_deployments"]

_REGIONAL = {"whisper", "tts", "tts-hd"}  # deployed in their region alone; the others wherever there is room
_COUNTED = {"images", "video"}  # with the regional ones: capacity counts requests a minute, and there are few


@dataclass(frozen=True)
class _Need:
    """One model of a notebook. row: its newest version of models.csv; why: why nobody can deploy it, or ""."""

    model: str
    row: Mapping[str, str]
    answers: int
    prompt_tokens: int
    output_tokens: int
    usd: float | None
    why: str

    @property
    def version(self) -> str:
        return "" if self.why else self.row["version"]


def plan_deployments(name: str, root: Path = ROOT) -> "pd.DataFrame":
    """One row for each model that a notebook ("02" or its name) asks for; those that can be deployed come first.

    model, version (the newest that a new customer can deploy, "" if none); answers, prompt_tokens, output_tokens as
    recorded; usd: US dollars for as many tokens at Azure's list price, missing where no price is known; note: why a
    model cannot be deployed. Its part of the notebook always replays. Raises CourseError for an unknown notebook.
    """
    import pandas as pd

    columns = ["model", "version", "answers", "prompt_tokens", "output_tokens", "usd", "note"]
    needs = _list_needs(find_notebook(name, root / "notebooks"), root)
    rows = [[n.model, n.version, n.answers, n.prompt_tokens, n.output_tokens, n.usd, n.why] for n in needs]
    return pd.DataFrame(rows, columns=columns).astype({"usd": "Float64"})


def deployment_commands(name: str, root: Path = ROOT) -> str:
    """A bash script: create the resource, a notebook's deployments and the reader's role; functions that delete them,
    called by nobody.

    Comments tell what recording the deployable models costs, as the column usd of plan_deployments has it, and which
    models nobody can deploy any more. Raises CourseError.
    """
    from helpers.course.record import estimate_price

    source = find_notebook(name, root / "notebooks")
    needs = _list_needs(source, root)
    wanted = [need for need in needs if not need.why]
    recorded = root / "data" / "recordings" / source.stem
    price = estimate_price(recorded, Settings(), models={need.model for need in wanted})
    notes = [f"The price of recording it: {price}."]
    notes += [f"{need.model}: {need.why}; its part always replays." for need in needs if need.why]
    return _SCRIPT.format(
        name=source.stem,
        count=f"{len(wanted)} deployment{'s' if len(wanted) != 1 else ''}",
        # A recorded name may hold anything, a new line too, and a comment must stay one.
        notes="\n".join(textwrap.fill(note, 92, initial_indent="# ", subsequent_indent="#   ") for note in notes),
        create="\n".join(map(_create, wanted)),
        delete="\n".join(map(_delete, wanted)) or "  :",
    )


_SCRIPT = """\
# {name} asks for {count}. A deployment costs nothing until it is asked.
{notes}

RESOURCE=YOUR-RESOURCE  # part of the address: a name that nobody in Azure has yet
GROUP=openai-course
REGION=swedencentral  # one of the few that serve every model of the course, audio too
CAPACITY=50  # thousand tokens per minute for each deployment: enough for one notebook
ROLE="Cognitive Services OpenAI User"  # may call OpenAI's models of the resource

# First sign in, with `az login`; in Azure's Cloud Shell you are.

# Once: the resource. Its last two options allow projects, and need az 2.80 or newer.
az group create --name "$GROUP" --location "$REGION"
az cognitiveservices account create --name "$RESOURCE" --resource-group "$GROUP" \\
  --location "$REGION" --kind AIServices --sku S0 --custom-domain "$RESOURCE" --yes \\
  --assign-identity --allow-project-management true

# The deployments, each under its model's own name, as the notebooks ask for them.
{create}

# To sign in without a key: your role. It takes effect after up to 5 minutes.
az role assignment create --role "$ROLE" \\
  --assignee-object-id "$(az ad signed-in-user show --query id --output tsv)" \\
  --scope "$(az cognitiveservices account show --name "$RESOURCE" \\
    --resource-group "$GROUP" --query id --output tsv)"

# What belongs into .env: AZURE_OPENAI_ENDPOINT; to use a key, AZURE_OPENAI_API_KEY.
az cognitiveservices account show --name "$RESOURCE" --resource-group "$GROUP" \\
  --query properties.endpoint --output tsv
az cognitiveservices account keys list --name "$RESOURCE" --resource-group "$GROUP" \\
  --query key1 --output tsv

# When you are done, call one of these two. Nothing is deleted until then.
delete_deployments() {{
{delete}
}}
delete_resource() {{  # and all in it; not purged, its name stays taken for two days
  az cognitiveservices account delete --name "$RESOURCE" --resource-group "$GROUP"
  az cognitiveservices account purge --name "$RESOURCE" --resource-group "$GROUP" \\
    --location "$REGION"
  az group delete --name "$GROUP"  # asks first: everything in the group goes
}}"""


def _create(need: _Need) -> str:
    regional = need.model in _REGIONAL
    capacity = "1" if regional or need.row["category"] in _COUNTED else '"$CAPACITY"'
    return (
        'az cognitiveservices account deployment create --name "$RESOURCE" \\\n'
        f'  --resource-group "$GROUP" --deployment-name {need.model} \\\n'
        f"  --model-name {need.row['model']} --model-version {need.version} --model-format OpenAI \\\n"
        f"  --sku-name {'Standard' if regional else 'GlobalStandard'} --sku-capacity {capacity}"
    )


def _delete(need: _Need) -> str:
    return (
        '  az cognitiveservices account deployment delete --name "$RESOURCE" \\\n'
        f'    --resource-group "$GROUP" --deployment-name {need.model}'
    )


def _list_needs(source: Path, root: Path) -> list[_Need]:
    recorded = _count_recorded(root / "data" / "recordings" / source.stem)
    known = {name for row in read_rows("models") for name in (row["model"], f"{row['model']}-{row['version']}")}
    asked = sorted(set(recorded) | read_models(read_notebook(source).cells) & known)
    needs = [_describe(model, *recorded.get(model, (0, 0, 0))) for model in asked]
    return sorted(needs, key=lambda need: bool(need.why))


def _count_recorded(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Model -> answers, prompt tokens, output tokens. A name that was never deployed is a lesson, not a need."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for _, record in read_records(folder):
        model = model_of(record["request"])
        for answer in record["answers"] if model else []:
            if "DeploymentNotFound" not in json.dumps(answer.get("json")):
                prompt, output = read_usage(answer) or (0, 0)
                counts[model] = [a + b for a, b in zip(counts[model], (1, prompt, output), strict=True)]
    return {model: (count[0], count[1], count[2]) for model, count in counts.items()}


def _describe(model: str, answers: int, prompt_tokens: int, output_tokens: int) -> _Need:
    try:
        usd = expected_cost(prompt_tokens, output_tokens, model) if prompt_tokens or output_tokens else None
    except UnknownPrice:
        usd = None
    newest = next(iter(list_versions(model)), {})
    return _Need(model, newest, answers, prompt_tokens, output_tokens, usd, say_why(newest))
