"""What every test stands on: replay, streams at once, no setting of the developer's, no network beyond loopback."""

import contextlib
import gc
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import nbval.kernel
import nbval.plugin
import pytest

from tests.forks import can_fork, fork_kernels, no_forks, serve_forks

if TYPE_CHECKING:
    import openai

    from tests.standin import Standin

ROOT = Path(__file__).resolve().parent.parent
NETWORK = str(ROOT / "tests" / "network")
USED = ROOT / "runs" / "used-recordings.txt"
SPECS = "AZURE_OPENAI_SPECS"  # where Microsoft's descriptions lie: says nothing about a resource


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--after", action="store_true", help="check what a whole run left behind (tests/after), and start no new one"
    )


def pytest_configure(config: pytest.Config) -> None:
    is_worker = hasattr(config, "workerinput")
    _forget_the_developers_settings()
    if not (is_worker or config.option.markexpr):  # what fetches weights needs them all
        _know_one_certificate(config)
    if not (is_worker or config.getoption("after")):
        USED.parent.mkdir(exist_ok=True)
        USED.write_text("", encoding="utf-8")
        if config.getoption("dist", "no") == "loadfile":
            config.pluginmanager.register(_Clock())
    _refuse_the_network()
    # IPython collects the garbage of the whole process for each shell that there ever was, when the process ends.
    config.add_cleanup(gc.freeze)
    if can_fork:
        fork_kernels()
        if not (is_worker or config.getoption("after")):
            forks = contextlib.ExitStack()
            forks.enter_context(serve_forks())
            config.add_cleanup(forks.close)


# What takes longest is begun first, so that it leaves no process alone with it at the end. How long that was is known
# from the last run of all; in the first one these go ahead.
_FIRST = (
    *("tests/browser", "tests/test_contrary_run.py", "tests/test_notebooks.py", "tests/test_hostile_servers.py"),
    *("tests/test_explain.py", "tests/test_standin.py", "tests/test_record_resume.py", "tests/test_record.py"),
    *("tests/test_charts.py", "tests/test_standin_weights.py"),
)
_SECONDS = "course/seconds"  # the cache's name for them: of each scope, in the last run
# Files whose tests share nothing that is dear: each of their tests may run in another process.
_APART = ("tests/test_contrary_run.py", "tests/test_notebooks.py")


def _scope_of(name: str) -> str:
    """What one process does in one go: a file, but for _APART, and for the browser's, which share a browser."""
    path = Path(name.partition("::")[0])
    if path.parent.name == "browser":
        return path.parent.as_posix()
    return name if path.as_posix() in _APART else path.as_posix()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seconds = config.cache.get(_SECONDS, {}) if config.cache else {}
    first = {name: len(_FIRST) - place for place, name in enumerate(_FIRST)}

    def rank(item: pytest.Item) -> float:
        scope = _scope_of(item.nodeid)
        return seconds.get(scope, 0) if seconds else first.get(scope.partition("::")[0], 0)

    items.sort(key=rank, reverse=True)


class _Clock:
    """Takes down how long each scope took, where several processes share the tests."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        scope = _scope_of(report.nodeid)
        self.seconds[scope] = self.seconds.get(scope, 0) + report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.config.cache:
            known = session.config.cache.get(_SECONDS, {}) | self.seconds
            session.config.cache.set(_SECONDS, {scope: round(took, 1) for scope, took in known.items() if took > 0.5})


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector of garbage need not look at it each time."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As --dist loadfile, by _scope_of."""
    from xdist.scheduler import LoadScopeScheduling

    class LoadFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _scope_of(nodeid)

    return LoadFile(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """tests/after reads what the other tests leave, so it runs after them, and only when it is asked for."""
    return True if collection_path.name == "after" and not config.getoption("after") else None


def _forget_the_developers_settings() -> None:
    for name in list(os.environ):
        if name.startswith(("AZURE_", "OPENAI_")) and name != SPECS:
            del os.environ[name]
    os.environ |= {
        "AZURE_OPENAI_MODE": "replay",
        "AZURE_OPENAI_PACE": "0",
        "AZURE_OPENAI_USED": str(USED),
    }
    # Named and empty: the environment comes before a developer's .env, and an empty value is none. OPENAI_API_VERSION
    # is not named, for the SDK takes an empty one for a version.
    for name in ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
        os.environ[name] = ""


def _know_one_certificate(config: pytest.Config) -> None:
    """For this run and all that it starts: reading a hundred takes a client 25 ms, and nobody out there is asked."""
    folder = tempfile.TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    first = re.search(r"-+BEGIN.*?END CERTIFICATE-+", Path(certifi.where()).read_text(encoding="utf-8"), re.S)
    assert first
    Path(folder.name, "one.pem").write_text(first[0], encoding="ascii")
    os.environ |= {"SSL_CERT_FILE": str(Path(folder.name, "one.pem")), "SSL_CERT_DIR": folder.name}


def _refuse_the_network() -> None:
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if NETWORK not in folders:
        os.environ["PYTHONPATH"] = os.pathsep.join([NETWORK, *filter(None, folders)])
    if "tests_network" not in sys.modules:
        import importlib.util

        spec = importlib.util.spec_from_file_location("tests_network", f"{NETWORK}/sitecustomize.py")
        assert spec is not None and spec.loader is not None
        sys.modules["tests_network"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


def _execute_as_jupyter_does(self: nbval.kernel.RunningKernel, cell_input: str, allow_stdin: bool | None = None) -> str:
    """With history. Without it, as nbval runs cells, `plt.plot(...);` prints what a reader never sees."""
    return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


nbval.kernel.RunningKernel.execute_cell_input = _execute_as_jupyter_does


def _start_first_kernel_from_nothing(self: nbval.plugin.IPyNbFile) -> None:
    """As a reader's is; the other notebooks' are forks."""
    is_first = self.path == min((ROOT / "notebooks").glob("*.ipynb"))
    with no_forks() if is_first else contextlib.nullcontext():
        _set_up(self)


_set_up = nbval.plugin.IPyNbFile.setup
nbval.plugin.IPyNbFile.setup = _start_first_kernel_from_nothing


def _leave_out_pixels(outputs: list) -> list:
    """nbval compares HTML and no PNG; a figure is a PNG inside HTML, where its alt text and evidence are compared."""
    left = []
    for output in _transform(outputs):
        output = dict(output)
        if page := output.get("data", {}).get("text/html"):
            bare = re.sub(r"(data:image/png;base64,)[A-Za-z0-9+/=\s]+", r"\1", page)
            output["data"] = {**output["data"], "text/html": bare}
        left.append(output)
    return left


_transform = nbval.plugin.transform_streams_for_comparison
nbval.plugin.transform_streams_for_comparison = _leave_out_pixels


LONG = pytest.mark.standin("takes its time")  # for one of a test's parameters


def pytest_runtest_setup(item: pytest.Item) -> None:
    if any(mark.args == LONG.args for mark in item.iter_markers("standin")):
        _skip_unless_standin(item.config)


@pytest.fixture
def takes_its_time(request: pytest.FixtureRequest) -> None:
    """For tests that need no weights but many kernels: they run with the engines' tests, and so in CI."""
    _skip_unless_standin(request.config)


def _skip_unless_standin(config: pytest.Config) -> None:
    if "standin" not in (config.option.markexpr or ""):
        pytest.skip("takes its time: make test-standin")


@pytest.fixture(scope="module")
def standin() -> "Iterator[Standin]":
    """A stand-in whose engine answers nonsense, for all tests of a module."""
    from tests.standin import serve  # late: most tests, and every notebook, do without its server

    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def client(standin: "Standin") -> "openai.OpenAI":
    """The SDK's own client of it, which asks once."""
    import openai

    return openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)
