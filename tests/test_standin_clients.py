"""Other people's clients against the stand-in, where their environment was made: `python -m tests.other_clients`."""

import pytest

from tests.other_clients import ask_clients, find_python
from tests.standin import serve


@pytest.mark.timeout(300)
@pytest.mark.standin  # needs no weights, but an environment of its own
def test_litellm_and_langchain_work_against_it(request: pytest.FixtureRequest):
    if "standin" not in (request.config.option.markexpr or ""):
        pytest.skip("takes its time: make test-standin")
    python = find_python()
    if not python:
        pytest.skip("their environment is not there: python -m tests.other_clients makes it")
    with serve() as standin:
        done = ask_clients(python, standin.endpoint, standin.key)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("litellm") >= 8 and done.stdout.count("langchain-openai") >= 8
        assert len(standin.requests) >= 25
