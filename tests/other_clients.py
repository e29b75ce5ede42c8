"""Clients that nobody here wrote, against the stand-in: litellm and langchain-openai beside the openai SDK.

    python -m tests.other_clients            makes their environment in runs/clients (790 MB) if there is none
    python -m tests.other_clients --engine smollm2

They need an openai SDK below 3, so they cannot live in the project's own environment, and the lock cannot hold them.
litellm comes with its proxy, which tests/foreign_services.py starts as a service.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

__all__ = ["FOLDER", "ask_clients", "find_python", "main"]

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "runs" / "clients"
PINNED = ("litellm[proxy]==1.106.2", "langchain-openai==1.7.3")
_READY = "\n".join(PINNED)
DATED = "2024-10-21"
QUESTION = [{"role": "user", "content": "Name a ship."}]
SCHEMA = {"title": "Ship", "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.other_clients", description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="nonsense", help="default: %(default)s, which needs no download")
    parser.add_argument("--environment", action="store_true", help="make their environment, and ask nothing")
    options = parser.parse_args()
    python = find_python()
    if not python:
        print(f"Making an environment with {' and '.join(PINNED)} in runs/clients", flush=True)
        python = _make_environment()
    if options.environment:
        return 0
    from tests.standin import serve

    with serve(options.engine) as standin:
        done = ask_clients(python, standin.endpoint, standin.key)
    print(done.stdout + done.stderr, end="")
    return done.returncode


def find_python() -> Path | None:
    """The interpreter of the clients' environment, if that was made."""
    python = FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = FOLDER / "ready"  # holds what was installed: an environment made for other versions is none
    return python if ready.exists() and ready.read_text(encoding="utf-8") == _READY else None


def ask_clients(python: Path, endpoint: str, key: str) -> subprocess.CompletedProcess[str]:
    """Run `_ask` with their interpreter; one line printed for each thing that worked, exit code 1 where one did not."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "AZURE_"))}
    environment |= {"STANDIN_ENDPOINT": endpoint, "STANDIN_KEY": key, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    # Both would otherwise send word of themselves elsewhere, or fetch lists of prices.
    environment |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LANGSMITH_TRACING": "false"}
    return subprocess.run([python, __file__], capture_output=True, text=True, env=environment, timeout=600)


def _make_environment() -> Path:
    venv.create(FOLDER, with_pip=True, clear=True)
    python = FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
    (FOLDER / "ready").write_text(_READY, encoding="utf-8")
    return python


def _ask() -> int:
    """In their environment: nothing of the project can be imported here."""
    import importlib.metadata
    import traceback

    endpoint, key = os.environ["STANDIN_ENDPOINT"], os.environ["STANDIN_KEY"]
    failed = 0
    for name, checks in (("litellm", _litellm(endpoint, key)), ("langchain-openai", _langchain(endpoint, key))):
        version = importlib.metadata.version(name)
        for what, check in checks.items():
            try:
                told = str(check())
                print(f"{name} {version}  {what:<34} {told[:60]!r}")
            except Exception:
                failed += 1
                print(f"{name} {version}  {what:<34} FAILED\n{traceback.format_exc(limit=-3)}")
    return 1 if failed else 0


def _litellm(endpoint: str, key: str) -> dict[str, Callable[[], object]]:
    import litellm

    litellm.suppress_debug_info = True
    azure = {"api_base": endpoint, "api_key": key, "api_version": DATED}
    v1 = {"api_base": f"{endpoint}/openai/v1", "api_key": key}

    def chat() -> object:
        answer = litellm.completion("azure/gpt-4o", QUESTION, max_tokens=20, **azure)
        assert answer.usage.completion_tokens > 0 and answer.choices[0].finish_reason in ("stop", "length")
        return answer.choices[0].message.content

    def stream() -> object:
        chunks = list(litellm.completion("openai/gpt-4o", QUESTION, stream=True, max_tokens=20, **v1))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert len(chunks) > 2 and text
        return text

    def text() -> object:
        answer = litellm.text_completion("The sea is", model="azure_text/davinci-002", max_tokens=5, **azure)
        return _full(answer.choices[0].text)

    def at_once() -> object:
        async def ask() -> list[str]:
            asking = (
                litellm.acompletion("openai/gpt-4o", [{"role": "user", "content": f"{i}"}], **v1) for i in range(8)
            )
            return [answer.choices[0].message.content for answer in await asyncio.gather(*asking)]

        texts = asyncio.run(ask())
        assert len(set(texts)) == 8
        return texts[0]

    def refused(error: type[Exception], **change: object) -> Callable[[], object]:
        def ask() -> object:
            try:
                litellm.completion(
                    **{"model": "azure/gpt-4o", "messages": QUESTION, "num_retries": 0, **azure, **change}
                )
            except error as caught:
                return f"{type(caught).__name__}: {caught}"
            raise AssertionError("nothing was refused")

        return ask

    return {
        "chat, dated": chat,
        "stream, v1": stream,
        "completions": text,
        "eight at once": at_once,
        "wrong key": refused(litellm.AuthenticationError, api_key="wrong"),
        "unknown deployment": refused(litellm.NotFoundError, model="azure/nobody"),
        "context exceeded": refused(
            litellm.ContextWindowExceededError,
            model="azure/gpt-4",
            messages=[{"role": "user", "content": "word " * 9_000}],
        ),
        "rate limit": refused(
            litellm.RateLimitError, extra_headers={"x-standin-fault": "429 retry-after-ms=1"}, max_retries=0
        ),
    }


def _langchain(endpoint: str, key: str) -> dict[str, Callable[[], object]]:
    from langchain_openai import AzureChatOpenAI, AzureOpenAI, ChatOpenAI

    azure = {"azure_endpoint": endpoint, "api_key": key, "api_version": DATED, "max_retries": 0}
    dated = AzureChatOpenAI(azure_deployment="gpt-4o", **azure)
    v1 = ChatOpenAI(model="gpt-4o", base_url=f"{endpoint}/openai/v1/", api_key=key, max_retries=0)

    def chat() -> object:
        answer = dated.invoke("Name a ship.")
        assert answer.usage_metadata["output_tokens"] > 0 and answer.response_metadata["prompt_filter_results"]
        return _full(answer.content)

    def stream() -> object:
        chunks = list(v1.stream("Name a ship."))
        assert len(chunks) > 2
        return _full("".join(chunk.content for chunk in chunks))

    def batch() -> object:
        answers = v1.batch([f"Name ship {i}." for i in range(8)])
        assert len({answer.content for answer in answers}) == 8
        return _full(answers[0].content)

    def structured() -> object:
        return v1.with_structured_output(SCHEMA, method="json_schema").invoke("Name a ship.")["name"]

    def responses() -> object:
        over = ChatOpenAI(
            model="gpt-4o", base_url=f"{endpoint}/openai/v1/", api_key=key, use_responses_api=True, max_retries=0
        )
        answer = over.invoke("Name a ship.")
        assert answer.response_metadata["id"].startswith("resp_")
        streamed = "".join(chunk.text for chunk in over.stream("Name a ship."))
        return _full(answer.text) and _full(streamed)

    def text() -> object:
        return _full(AzureOpenAI(azure_deployment="gpt-35-turbo-instruct", max_tokens=5, **azure).invoke("The sea is"))

    def reasoning() -> object:
        return _full(AzureChatOpenAI(azure_deployment="o3-mini", **azure).invoke("Name a ship.").content)

    def refused() -> object:
        import openai

        try:
            AzureChatOpenAI(azure_deployment="nobody", **azure).invoke("x")
        except openai.NotFoundError as caught:
            return caught
        raise AssertionError("nothing was refused")

    return {
        "chat, dated": chat,
        "stream, v1": stream,
        "eight at once": batch,
        "structured output": structured,
        "responses, whole and streamed": responses,
        "completions": text,
        "a reasoning model": reasoning,
        "unknown deployment": refused,
    }


def _full(text: str) -> str:
    assert text.strip()
    return text


if __name__ == "__main__":
    sys.exit(_ask() if "STANDIN_ENDPOINT" in os.environ else main())
