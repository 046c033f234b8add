"""Documents cannot rot: their generated parts, commands, links and messages are held against the code."""

from __future__ import annotations

import ast
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from damage_trial import parser as damage_parser
from documents import PAGES, Link, anchors, blocks, commands, links, text_of
from imagelake.cli.job_arguments import parser_of
from imagelake.cli.package import parser as package_parser
from imagelake.cli.run import parser as run_parser
from imagelake.cli.submit import parser as submission_parser
from imagelake.cluster.hadoop.__main__ import _parser as hadoop_parser
from imagelake.cluster.webhdfs.__main__ import _parser as webhdfs_parser
from imagelake.config import Config, conf_text
from imagelake.lake.check import parser as check_parser
from imagelake.lake.trace import parser as trace_parser
from imagelake.open_images.open_images import _parser as fetch_parser
from imagelake.runtime.clean import parser as clean_parser
from imagelake.runtime.options import job_parser
from imagelake.serving.options import search_parser
from imagelake.tables import TABLES
from imagelake.web.options import parser as serve_parser
from pipeline_steps import BY_HAND, STEPS, job
from project import PROJECT, skip_or_fail
from publishing_trial import parser as trial_parser
from reader_fuzz import parser as fuzz_parser

CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]
SETTINGS = {
    f"{section}.{key}" for section, values in tomllib.loads(conf_text("default.toml")).items() for key in values
}


def test_generated_parts_are_current() -> None:
    """What scripts/update_docs would write is what stands there."""
    command = [sys.executable, str(PROJECT / "scripts/update_docs"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_job_table_and_setting_has_its_line() -> None:
    """The README lists every job, docs/tables.md every table and column, docs/settings.md every setting."""
    jobs, tables, settings = (text_of(PROJECT / name) for name in ("README.md", "docs/tables.md", "docs/settings.md"))
    for file in (PROJECT / "jobs").glob("*.py"):
        assert f"| `jobs/{file.name}` | " in jobs
    for table in TABLES.values():
        section = re.search(rf"^### {table.name}\n(.*?)(?=^###|\Z)", tables, flags=re.DOTALL | re.MULTILINE)
        assert section is not None, table.name
        for column in table.columns:
            row = re.escape(f"`{column.name}`") + r"(\*\*)? \| " + re.escape(f"`{column.type}` | {column.meaning} |")
            assert re.search(row, section[1]), f"{table.name}.{column.name}"
    for setting in SETTINGS:
        name = setting.removeprefix("spark.") if setting.startswith("spark.spark.") else setting
        assert f"| `{name}` | " in settings, setting


def test_a_setting_s_line_says_what_the_configuration_refuses() -> None:
    """Bounds and choices stand as pydantic holds them, and the default as the file has it."""
    lines = text_of(PROJECT / "docs/settings.md").splitlines()
    for line in (
        "| `clean.min_confidence` | number, at least 0, at most 1 | `0.99` | a label is kept above this, never at it |",
        "| `model.top_k` | integer, at least 5 | `5` | classes kept for each image; accuracy needs 5 |",
        '| `model.engine` | one of `litert`, `tensorflow` | `"litert"` |',
        "| `rank.select_ranks` | 2 values: integer, above 0 | `[1, 10]` |",
        "| `compare.resolutions` | list, at least 1: integer, above 0 | `[128, 160, 192, 224]` |",
    ):
        assert any(found.startswith(line) for found in lines), line


@pytest.mark.parametrize(
    ("benchmark", "block"),
    [
        ("inference", ""),
        ("inference", "scaling"),
        ("search", ""),
        ("search", "search-quick"),
        ("rerun", ""),
        ("training", ""),
        ("training", "training-tasks"),
        ("serve", ""),
        ("shift", ""),
        ("metadata", ""),
    ],
)
def test_a_benchmark_writes_into_its_own_block(tmp_path: Path, benchmark: str, block: str) -> None:
    """`scripts/bench --docs` replaces what stands between its marks in docs/benchmarks.md, and nothing else."""
    (tmp_path / "docs").mkdir()
    page = Path(shutil.copy(PROJECT / "docs" / "benchmarks.md", tmp_path / "docs"))
    old = text_of(page)
    results = runpy.run_path(str(PROJECT / "scripts" / "benchmarks" / "results.py"))
    write_docs = results["write_docs"]
    write_docs.__globals__["PROJECT"] = tmp_path
    write_docs(benchmark, ["| a | b |", "new"], block)
    mark = f"<!-- {block or benchmark}: written by scripts/bench {benchmark} --docs -->\n"
    before, _, rest = old.partition(mark)
    end = f"<!-- end of {block or benchmark} -->"
    assert text_of(page) == f"{before}{mark}| a | b |\nnew\n{end}{rest.partition(end)[2]}"
    assert '"--docs"' in text_of(PROJECT / "scripts" / "benchmarks" / benchmark / f"{benchmark}.py")


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command: str) -> None:
    """Every command names a file that is there, and its options are ones that file knows."""
    words = shlex.split(command)
    assert (PROJECT / words[0]).is_file(), command
    if words[0] in UNPARSED or words[1:] == ["--help"]:
        return
    PARSED[words[0]](words[1:])


def _parse_submit(words: list[str]) -> None:
    submitted = submission_parser().parse_args(words)
    parser_of(submitted.job, "scripts/submit").parse_args(submitted.arguments)


def _parse_bench(words: list[str]) -> None:
    """The benchmarks' own libraries are not all installed, so their options are read from the source."""
    file = PROJECT / "scripts" / "benchmarks" / words[0] / f"{words[0]}.py"
    known = re.findall(r'"(--[\w-]+)"', text_of(file))
    assert {word for word in words if word.startswith("--")} <= set(known)


def _parse_docs(words: list[str]) -> None:
    assert words in ([], ["build"], ["serve"])


UNPARSED = ("scripts/test", "scripts/check", "scripts/airflow")  # their options are pytest's, none, and Airflow's
PARSED: dict[str, Callable[[list[str]], object]] = {
    "scripts/run": lambda words: run_parser().parse_args(words),
    "scripts/submit": _parse_submit,
    "scripts/bench": _parse_bench,
    "scripts/docs": _parse_docs,
    "scripts/publishing_trial": lambda words: trial_parser().parse_args([word for word in words if word != "--hdfs"]),
    "scripts/damage_trial": lambda words: damage_parser().parse_args(words),
    "scripts/serve": lambda words: serve_parser().parse_args(words),
    "scripts/search": lambda words: search_parser().parse_args(words),
    "scripts/package": lambda words: package_parser().parse_args(words),
    "scripts/upload": lambda words: webhdfs_parser().parse_args(["upload", *words]),
    "scripts/download": lambda words: webhdfs_parser().parse_args(["download", *words]),
    "scripts/check_lake": lambda words: check_parser().parse_args(words),
    "scripts/fuzz": lambda words: fuzz_parser().parse_args(words),
    "scripts/trace": lambda words: trace_parser().parse_args(words),
    "scripts/clean": lambda words: clean_parser().parse_args(words),
    "scripts/hadoop": lambda words: hadoop_parser().parse_args(words),
    "scripts/fetch_open_images": lambda words: fetch_parser().parse_args(words),
}


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_python_of_the_documents_compiles(page: Path) -> None:
    """What a reader may copy is Python; the API's example without a lake runs and prints what its comment says."""
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")
    if page.name == "api.md":
        (example,) = [block for block in blocks(page, "python") if "open_lake" not in block]
        done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == example.rsplit("# ", 1)[1].strip()


@pytest.mark.parametrize("link", links(), ids=str)
def test_links_lead_somewhere(link: Link) -> None:
    """Every link within the project leads to a file that is there, and to a heading that it has."""
    name, _, heading = link.target.partition("#")
    file = (link.page.parent / name).resolve() if name else link.page
    assert file.exists()
    if heading:
        assert heading in anchors(file)


def test_every_page_is_linked_from_the_readme_or_its_folder() -> None:
    """Nobody has to know that a page exists to find it."""
    linked = {(link.page.parent / link.target.partition("#")[0]).resolve() for link in links()}
    assert [page.name for page in PAGES if page not in linked and page.name != "README.md"] == []


def test_settings_that_the_documents_name_exist() -> None:
    """A name like `section.key` in code is a setting, or else a column; the changelog may name former ones."""
    columns = {f"{table.name}.{column.name}" for table in TABLES.values() for column in table.columns}
    sections = {setting.partition(".")[0] for setting in SETTINGS} - {"spark"}
    for page in CURRENT:
        for name in re.findall(r"`(\w+\.\w+)(?:=[^`]*)?`", text_of(page)):
            section, _, ending = name.partition(".")
            if section in sections and ending not in {"py", "h5", "csv"}:
                assert name in SETTINGS | columns, f"{page.name}: {name}"


def test_messages_of_the_documents_are_printed_by_the_code() -> None:
    """The messages in docs/troubleshooting.md, and what the steps of docs/sample-lake.md say, stand in the source."""
    source = "\n".join(_texts())
    rows = re.findall(r"^\| `(.*?)` \| ", _by_hand(PROJECT / "docs/troubleshooting.md"), flags=re.MULTILINE)
    messages = [part.strip(" ().") for row in rows for part in row.split("…")]
    assert [part for part in messages if part not in source] == []
    said = [text for block in blocks(PROJECT / "docs/sample-lake.md", "text") for text in _said(block)]
    # "image list lines" and "top-1, every image alike" are put together.
    parts = [part for text in said for part in ([text] if text in source else re.split(", | lines$| alike$", text))]
    assert [part for part in parts if part not in source and part != "top-1"] == []


def _said(block: str) -> list[str]:
    """What a step names in its summary: the heads of its lines, and the reasons of its rejections."""
    return re.findall(r"^  (\w[\w ,-]*?)  ", block, flags=re.MULTILINE) + re.findall(r"(\w+_\w+) \d", block)


def _by_hand(page: Path) -> str:
    return re.sub(r"<!-- (\w+): written by .*?<!-- end of \1 -->", "", text_of(page), flags=re.DOTALL)


def _texts() -> Iterator[str]:
    """The texts of the source, those of f-strings piece by piece, and of the set-up."""
    yield text_of(PROJECT / "scripts" / "setup")
    for file in [*(PROJECT / "lib").rglob("*.py"), *(PROJECT / "jobs").glob("*.py")]:
        for node in ast.walk(ast.parse(text_of(file))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_the_architecture_names_every_folder() -> None:
    """A folder of the library, or of a capability, has its line in docs/architecture.md."""
    (folders, *_) = blocks(PROJECT / "docs/architecture.md", "")
    library = PROJECT / "lib" / "imagelake"
    for parent in (library, library / "transforms", library / "cluster"):
        for package in parent.glob("*/__init__.py"):
            assert f" {package.parent.name}/" in folders, package.parent


def test_what_the_tests_try_stands_on_the_page() -> None:
    """Each test with the mark tried is on the line of docs/reliability.md that its mark names, and no other is."""
    marked = {
        (ast.literal_eval(mark.args[1]), node.name)
        for file in (PROJECT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(text_of(file)))
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.tried"
    }
    table = text_of(PROJECT / "docs/reliability.md").partition("<!-- tried:")[2].partition("<!-- end of tried -->")[0]
    lines = re.findall(r"^\| (.+?) \| .* \| (`test_.*`) \|$", table, re.MULTILINE)
    named = {(what, test) for what, tests in lines for test in re.findall(r"`(test_\w+)`", tests)}
    assert marked == named, "run the tests, then scripts/reliability var/junit.xml"


def test_tests_that_the_documents_name_exist() -> None:
    """docs/reliability.md rests on tests that are there."""
    defined = {
        name for file in (PROJECT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", text_of(file))
    }
    named = re.findall(r"`(test_\w+)`", text_of(PROJECT / "docs/reliability.md"))
    assert len(named) > 20
    assert set(named) <= defined


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as scripts/docs builds it, in a folder of its own."""
    mkdocs = Path(sys.executable).with_name("mkdocs")
    if not mkdocs.exists():
        skip_or_fail("mkdocs is not installed")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [mkdocs, "build", "--strict", "--site-dir", folder],
        cwd=PROJECT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return folder


def test_the_site_has_every_page_and_the_library(site: Path) -> None:
    """No warning when it is built; the documents of the top folder and the docstrings are in it."""
    assert {page.name for page in site.iterdir()} >= {
        "index.html",
        "tutorial",
        "contributing",
        "changelog",
        "decisions",
    }
    library = text_of(site / "api" / "index.html")
    assert "wilson_interval" in library
    assert "Wilson (1927)" in library
    assert "neighbours" in library


def test_the_site_fetches_nothing(site: Path) -> None:
    """No script, style, font or picture of another host: it can be read without a network."""
    for page in site.rglob("*.html"):
        found = re.findall(
            r"""<(?:script|img|link|iframe)\b[^>]*?(?:src|href)=["']?((?:https?:)?//[^"'\s>]*)""", text_of(page)
        )
        assert found == [], page
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import )[\"']?(?:https?:)?//", text_of(style)), style


def test_the_pages_name_what_decides_who_may_reach_the_server() -> None:
    """The options that open the server to others stand in docs/serve.md, and the help says what each is for."""
    options = [action for action in serve_parser()._actions if action.option_strings]
    assert all(action.help for action in options)
    for option in ("--host", "--proxy", "--allow-host", "--allow-network", "--namenode"):
        assert option in text_of(PROJECT / "docs/serve.md")
        assert any(option in action.option_strings for action in options)


def test_every_file_that_the_documents_name_exists() -> None:
    """Paths in backticks stand for files and folders of the project; the changelog may name what there was."""
    for page in CURRENT:
        named = re.findall(r"`((?:jobs|lib|conf|scripts|tests|docs)/[\w./-]*)`", text_of(page))
        missing = [name for name in named if not (PROJECT / name).exists()]
        assert missing == [], page.name


def test_every_job_is_a_step_or_asked_for_and_says_what_it_does() -> None:
    """A job's docstring names what it writes and its command; its help shows the settings it depends on."""
    files = sorted(path.stem for path in (PROJECT / "jobs").glob("*.py"))
    assert files == sorted([*STEPS, *BY_HAND, "run_pipeline"])
    for step in (*STEPS, *BY_HAND):
        doc = ast.get_docstring(ast.parse((PROJECT / "jobs" / f"{step}.py").read_text())) or ""
        assert f"spark-submit jobs/{step}.py" in doc
        text = job_parser(job(step)).format_help()
        assert all(f"[{name.partition('.')[0]}]" in text for name in job(step).settings), step
        for name in job(step).writes:
            assert name in doc, f"{step} does not say that it writes {name}"


def test_no_job_hides_a_standard_module() -> None:
    """A job called like a standard module would be imported in its place by everything spark-submit runs."""
    assert not {path.stem for path in (PROJECT / "jobs").glob("*.py")} & sys.stdlib_module_names


def test_every_setting_has_a_default_and_its_meaning() -> None:
    """conf/default.toml holds exactly the settings that there are, each with a comment."""
    text = conf_text("default.toml")
    values = tomllib.loads(text)
    sections = {name: field.annotation for name, field in Config.model_fields.items() if name != "spark"}
    assert set(values) - {"spark"} == set(sections)
    for name, model in sections.items():
        assert model is not None
        assert set(values[name]) == set(model.model_fields), name
    for line in text.split("[spark]")[0].splitlines():
        if "=" in line and not line.startswith("#"):
            assert "#" in line, f"no meaning: {line}"


def test_every_script_says_what_it_is_for() -> None:
    """The second line of a script, or its docstring, is one sentence for its user."""
    for script in sorted(path for path in (PROJECT / "scripts").rglob("*") if path.is_file()):
        if "__pycache__" in script.parts:
            continue
        lines = script.read_text(encoding="utf-8").splitlines()
        assert any(line.startswith(("# ", "-- ", '"""')) and len(line) > 20 for line in lines[:3]), script.name


def test_the_project_speaks_of_itself_alone() -> None:
    """No absolute path of a machine and no package registry stands in a tracked file."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        path = PROJECT / name
        if path.suffix in {".h5", ".png", ".tflite"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        found = re.search(r"(^|[^A-Za-z0-9_.])/(work|root)/|pythonhosted|pypi\.org", text)
        assert found is None or name == "tests/architecture/test_documents.py", f"{name}: {found}"
