"""SECURITY.md rests on tests that are there, and nothing that others wrote is executed, unpickled or computed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from documents import text_of
from project import PROJECT

SOURCES = sorted([*(PROJECT / "lib").rglob("*.py"), *(PROJECT / "jobs").glob("*.py")])
# What executes or rebuilds objects of what it reads. ast.literal_eval and subprocess with a list of words do not.
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle", "joblib"}
FORBIDDEN_CALLS = {"eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "torch.load"}
FORBIDDEN_ARGUMENTS = {"shell": True, "allow_pickle": True, "safe_mode": False, "verify": False}
# Where every name that a pickle asks for is looked up in a short list, and nothing is imported.
BY_AN_ALLOW_LIST = {"lib/imagelake/arrays/restricted_pickle.py": ["pickle"]}
# Files that write CSV, with the reason why their cells need no apostrophe.
PLAIN_CSV = {
    "open_images/image_files.py": "lines of published files, which are ingested again",
    "samples/raw_files.py": "the drawn sample in the form of published files, which is ingested",
}


def calls(file: Path) -> Iterator[tuple[str, ast.Call]]:
    """The calls of a file, each by what is called as it is written."""
    for node in parsed(file):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imports(file: Path) -> Iterator[str]:
    """The topmost packages that a file imports."""
    for node in parsed(file):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@cache
def parsed(file: Path) -> tuple[ast.AST, ...]:
    """The nodes of a file."""
    return tuple(ast.walk(ast.parse(text_of(file))))


def executing(file: Path) -> Iterator[str]:
    """What in a file executes or rebuilds objects of what it reads, or reads what it should not trust."""
    yield from FORBIDDEN_MODULES & set(imports(file))
    for name, call in calls(file):
        words = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
        if name in FORBIDDEN_CALLS:
            yield f"{call.lineno}: {name}"
        for word, value in FORBIDDEN_ARGUMENTS.items():
            if words.get(word) is value:
                yield f"{call.lineno}: {word}={value}"
        if name in {"subprocess.run", "subprocess.Popen", "subprocess.call"} and (
            isinstance(call.args[0], ast.Constant | ast.JoinedStr)
        ):
            yield f"{call.lineno}: a command as one text"


def test_nothing_that_is_read_is_executed() -> None:
    """No unpickling, no evaluation of text, no shell, no array file with objects, no unchecked certificate."""
    found = {file.relative_to(PROJECT).as_posix(): list(executing(file)) for file in SOURCES}
    assert {name: problems for name, problems in found.items() if problems} == BY_AN_ALLOW_LIST


def test_what_is_forbidden_would_be_found(tmp_path: Path) -> None:
    """The search itself sees each of them."""
    file = tmp_path / "bad.py"
    file.write_text(
        "import pickle\nfrom joblib import load\neval(x)\nnp.load(f, allow_pickle=True)\n"
        "subprocess.run('ls', shell=True)\nload_model(p, safe_mode=False)\nrequests.get(u, verify=False)\n"
    )
    assert len(list(executing(file))) == 8


def test_csv_for_people_has_no_formulas() -> None:
    """What writes CSV writes its cells by imagelake.spreadsheet, or is listed with its reason."""
    library = PROJECT / "lib" / "imagelake"
    writers = set()
    for file in SOURCES:
        names = {name.rpartition(".")[2] for name, _ in calls(file)}
        if {"writer", "DictWriter", "to_csv"} & names and "csv" in text_of(file):
            writers.add(file)
    for file in writers:
        name = file.relative_to(library).as_posix() if file.is_relative_to(library) else file.name
        assert name in PLAIN_CSV or "imagelake.spreadsheet" in text_of(file), f"{name}: cells may be formulas"
    assert {name for name in PLAIN_CSV if library / name in writers} == set(PLAIN_CSV)


def test_every_threat_has_its_tests() -> None:
    """Each line of the table names at least one test, and every test that SECURITY.md names is there."""
    text = text_of(PROJECT / "SECURITY.md")
    defined = {
        name for file in (PROJECT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", text_of(file))
    }
    rows = [line for line in text.splitlines() if re.match(r"\| (?!threat|---)", line)]
    assert len(rows) >= 12
    for row in rows:
        assert re.search(r"`test_\w+`", row.split(" | ")[-1]), f"no test: {row}"
    assert set(re.findall(r"`(test_\w+)`", text)) <= defined


def test_executors_and_users_install_by_hashes_alone() -> None:
    """Each requirement of each lock is pinned and has hashes, so that another file of its name is refused."""
    for lock in [*PROJECT.glob("requirements*.lock"), *(PROJECT / "conf" / "executors").glob("*.lock")]:
        for requirement in re.split(r"\n(?=\S)", text_of(lock).strip()):
            assert re.match(r"[\w.\[\]-]+==\S+", requirement), f"{lock.name}: {requirement.splitlines()[0]}"
            assert "--hash=sha256:" in requirement, f"{lock.name}: {requirement.splitlines()[0]}"
