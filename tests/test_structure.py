"""Knowledge flows one way, importing costs little, and helpers stay small: what DESIGN.md promises."""

import ast
import functools
import io
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.settings import ROOT

HELPERS = ROOT / "helpers"
MODULES = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path for path in HELPERS.rglob("*.py")}
MODULES = {name.removesuffix(".__init__"): path for name, path in MODULES.items()}
GROUND = {
    "helpers.errors",
    "helpers.lines",
    "helpers.envfile",
    "helpers.endpoints",
    "helpers.settings",
    "helpers.tables",
}


@functools.cache
def _imports(path: Path, *, late: bool = True, typing: bool = True) -> set[str]:
    """The modules that a file imports; late: also inside functions; typing: also under TYPE_CHECKING."""

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            is_typing = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            if not (is_function and not late) and not (is_typing and not typing):
                yield child
                yield from walk(child)

    found: set[str] = set()
    for node in walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(path.relative_to(ROOT).parts[: -node.level]) if node.level else ""
            module = ".".join(filter(None, [package, node.module]))
            found |= {f"{module}.{alias.name}" for alias in node.names if f"{module}.{alias.name}" in MODULES} or {
                module
            }
    return found


@functools.cache
def _reached(start: str, **options: bool) -> set[str]:
    """The modules of helpers that importing `start` brings in."""
    seen, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name in MODULES and name not in seen:
            seen.add(name)
            waiting += _imports(MODULES[name], **options)
    return seen - {start}


def _inside(names: set[str], package: str) -> set[str]:
    return {name for name in names if name == package or name.startswith(package + ".")}


def test_the_reader_of_imports_reads_them():
    assert "openai" in _imports(MODULES["helpers.clients"])
    assert "helpers.recordings.store" in _reached("helpers.clients")
    assert "azure.identity" in _imports(MODULES["helpers.signin"])
    assert "azure.identity" not in _imports(MODULES["helpers.signin"], late=False)


def test_no_module_reaches_itself_not_even_by_an_import_inside_a_function():
    named = {name for name in MODULES if name.count(".")}  # the package itself names its members, which load late
    circles = [name for name in sorted(named) if any(name in _reached(one) for one in _inside_course(name) - {name})]
    assert circles == []


def _inside_course(name: str) -> set[str]:
    return {one for one in _imports(MODULES[name], typing=False) if one in MODULES}


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("helpers.recordings")])
def test_recordings_know_http_and_neither_openai_nor_what_stands_above_them(name):
    imports = _imports(MODULES[name])
    assert not _inside(imports, "openai")
    allowed = {"helpers.errors", "helpers.endpoints"}
    assert not {one for one in _inside(imports, "helpers") if not one.startswith("helpers.recordings")} - allowed


@pytest.mark.parametrize("name", sorted(GROUND))
def test_the_ground_knows_nothing_above_it(name):
    assert _inside(_imports(MODULES[name]), "helpers") <= GROUND
    assert not _inside(_imports(MODULES[name]), "openai")


@pytest.mark.parametrize("name", sorted(MODULES))
def test_no_helper_imports_tests_and_none_imports_the_widgets(name):
    imports = _imports(MODULES[name])
    assert not _inside(imports, "tests")
    assert name == "helpers.widgets" or not _inside(imports, "helpers.widgets")


@pytest.mark.parametrize("name", ["helpers.tables_shown", *sorted(_inside(set(MODULES), "helpers.charts"))])
def test_what_is_shown_never_sees_a_client(name):
    assert not _inside(_imports(MODULES[name]), "openai")
    assert "helpers.clients" not in _reached(name)


def test_drawing_loads_no_openai():
    code = "import helpers.charts, helpers.tables_shown, sys; print('openai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_only_settings_reads_the_environment():
    for name, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        reads = "os.environ.get" in text or "os.getenv" in text
        # The doctor connects in live mode, whatever the reader's mode is, and puts the reader's back. Where the facts
        # lie is no setting of a reader's: it is for those who keep the tables, and the argument goes first.
        assert not reads or name in {"helpers.settings", "helpers.course.doctor"}, name


def test_helpers_import_one_another_in_no_circle():
    for name in MODULES:
        assert name not in set().union(*(_reached(one, late=False, typing=False) | {one} for one in _direct(name))), (
            name
        )


def _direct(name: str) -> set[str]:
    return {one for one in _imports(MODULES[name], late=False, typing=False) if one in MODULES and one != name}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_says_what_it_is_and_what_it_offers(name):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    [offered] = [
        ast.literal_eval(node.value)
        for node in tree.body
        if (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
        or (isinstance(node, ast.AnnAssign) and node.value and ast.unparse(node.target) == "__all__")
    ]
    assert offered == sorted(offered, key=lambda one: (not one.isupper(), not one[0].isupper(), one)), "in ruff's order"
    defined = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    assert {one for one in defined if not one.startswith("_")} <= set(offered), "private by underscore, or offered"


def test_importing_helpers_and_connecting_loads_nothing_heavy():
    code = """
import sys
import helpers
from pathlib import Path
helpers.connect(Path(sys.argv[1]))
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(HELPERS)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(ast.literal_eval(done.stdout))
    assert {"openai", "helpers"} <= loaded
    heavy = {"pandas", "numpy", "matplotlib", "azure", "PIL", "IPython", "ipywidgets", "nbclient", "nbformat", "dotenv"}
    assert not loaded & heavy


def _is_small(path: Path, most: int) -> bool:
    return len(path.read_text(encoding="utf-8").splitlines()) < most


def test_most_modules_stay_under_200_lines_and_none_grows_past_320():
    assert all(_is_small(path, 320) for path in MODULES.values())
    assert sum(_is_small(path, 200) for path in MODULES.values()) >= 0.75 * len(MODULES)


def _count_code(path: Path) -> int:
    """Lines that hold code: no blank lines, no comments, no docstrings, for those are wanted."""
    text = path.read_text(encoding="utf-8")
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            documented |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    ignored = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in ignored:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - documented)


# What a cell can import was planned under 2,500 lines in all. Record and replay alone came to half of that, so the
# line is drawn by what a reader of one part has to hold in mind; each budget leaves room, and growth shows here. What
# each part grew by, and why:
#
# recordings  1,200; hostile answers and foreign services: rules of redaction with their examples (+350), bodies taken
#             in within a bounded memory (+90) and rendered in linear time (+55), redirects and other keys (+100),
#             streams read ahead while they are watched (+100), what the receipt counts (+50); PCM packed
#             (+35); realtime: a listener and its sockets (+170), choosing and playing a session (+270), asking and
#             writing down (+330), frames on disk (+130), who said it (+100)
# course      1,100; models that leave: who is asked is read (+100), notebooks are judged (+110), requests are found,
#             priced and renamed (+560), a name only where its whole flow is known (+100), prices by kind (+60); kernels
#             that say where a missing name is made (+45); words for new parameters (+10)
# charts      1,200; waveforms (+120), messages between two sides (+100)
# exercises   900; about 100 for each further notebook (09 to 11)
# ""          2,250; pictures, what they count for and what measures them (+190); sound: files, players, cuts, captions
#             (+330), what it costs (+180), MP3 cut at its frames, word errors and their interval (+350), turns
#             of a session, a microphone (+220); sessions that end are explained, events are known (+80)
BUDGETS = {"recordings": 3_320, "course": 2_150, "exercises": 1_250, "charts": 1_440, "": 3_640}


@pytest.mark.parametrize("part", BUDGETS)
def test_each_part_of_the_helpers_stays_within_its_lines_of_code(part):
    parts = {
        name: name.split(".")[1] if name.split(".")[1:2] and name.split(".")[1] in BUDGETS else "" for name in MODULES
    }
    assert sum(_count_code(path) for name, path in MODULES.items() if parts[name] == part) < BUDGETS[part]


def test_nothing_that_a_cell_needs_to_connect_imports_the_authors_tools():
    assert not {name for name in _reached("helpers.clients") if name.startswith("helpers.course")}
