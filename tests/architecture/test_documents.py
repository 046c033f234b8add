"""Documents cannot rot: the README's tables, commands and files are held against the code."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from imagelake.cli.job_arguments import parser_of
from imagelake.cli.run import parser as run_parser
from imagelake.cli.submit import parser as submission_parser
from imagelake.config import Config, conf_text
from imagelake.runtime.options import job_parser
from imagelake.serving.options import search_parser
from imagelake.web.options import parser as serve_parser
from pipeline_steps import BY_HAND, STEPS, job
from project import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


def test_generated_tables_of_the_readme_are_current() -> None:
    """What scripts/update_readme would write is what stands there."""
    command = [sys.executable, PROJECT / "scripts/update_readme", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_readme_are_understood(command: str) -> None:
    """Every command names a file that is there, and its options are ones that file knows."""
    words = shlex.split(command)
    assert (PROJECT / words[0]).is_file(), command
    if words[0] == "scripts/run":
        run_parser().parse_args(words[1:])
    elif words[0] == "scripts/submit":
        asked = submission_parser().parse_args(words[1:])
        parser_of(asked.job, "scripts/submit").parse_args(asked.arguments)
    elif words[0] == "scripts/serve":
        serve_parser().parse_args(words[1:])
    elif words[0] == "scripts/search":
        search_parser().parse_args(words[1:])


def test_the_readme_names_what_decides_who_may_reach_the_server() -> None:
    """The options that open the server to others stand in the README, and the help says what each is for."""
    options = [action for action in serve_parser()._actions if action.option_strings]
    assert all(action.help for action in options)
    for option in ("--host", "--proxy", "--allow-host", "--allow-network", "--namenode"):
        assert option in README
        assert any(option in action.option_strings for action in options)


def test_every_file_that_the_documents_name_exists() -> None:
    """Paths in backticks and pictures stand for files and folders of the project."""
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (PROJECT / document).read_text(encoding="utf-8")
        named = re.findall(r"`((?:jobs|lib|conf|scripts|tests|docs)/[\w./-]*)`", text) + re.findall(
            r"\]\((docs/[^)]*)\)", text
        )
        missing = [name for name in named if not (PROJECT / name).exists()]
        assert missing == [], document


def test_every_job_is_a_step_or_asked_for_and_says_what_it_does() -> None:
    """A job's docstring names what it writes and its command; its help shows the settings it depends on."""
    files = sorted(path.stem for path in (PROJECT / "jobs").glob("*.py"))
    assert files == sorted([*STEPS, *BY_HAND, "run_pipeline"])
    for step in (*STEPS, *BY_HAND):
        doc = ast.get_docstring(ast.parse((PROJECT / "jobs" / f"{step}.py").read_text())) or ""
        assert f"spark-submit jobs/{step}.py" in doc
        text = job_parser(job(step)).format_help()
        assert all(f"[{section}]" in text for section in job(step).settings), step
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
        assert set(values[name]) == set(model.model_fields), name
    for line in text.split("[spark]")[0].splitlines():
        if "=" in line and not line.startswith(("#", "title")):
            assert "#" in line, f"no meaning: {line}"


def test_every_script_says_what_it_is_for() -> None:
    """The second line of a script, or its docstring, is one sentence for its user."""
    for script in sorted(path for path in (PROJECT / "scripts").rglob("*") if path.is_file()):
        if "__pycache__" in script.parts:
            continue
        lines = script.read_text(encoding="utf-8").splitlines()
        assert any(line.startswith(("# ", '"""')) and len(line) > 20 for line in lines[:3]), script.name


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
