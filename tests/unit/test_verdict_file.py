"""Files of verdicts: what pages and people write is read back, and no verdict is lost when several write at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imagelake.errors import ImageLakeError
from imagelake.judging.forms import LABELS, PAIRS, Form
from imagelake.judging.verdict_files import read_verdicts, written
from imagelake.serving.verdict_file import VerdictFile

STRANGE = "=1+1,\"\n'é "


@pytest.mark.parametrize("form", [PAIRS, LABELS])
def test_what_is_written_is_read_back(form: Form) -> None:
    """Formulas, quotes, line breaks and blanks in names survive; a spreadsheet computes none of them."""
    verdicts = {form.key((STRANGE, "b")): form.verdicts[0], form.key((" b ", "c")): form.verdicts[1]}
    content = written(form, verdicts)
    assert read_verdicts(form, content, "v.csv") == verdicts
    assert b",=1" not in content
    assert not content.startswith(b"=1")


def test_a_pair_is_the_same_in_any_order_and_a_label_is_not() -> None:
    """Of two verdicts on one thing the later one counts, and is the latest then."""
    lines = b"image_id,other_id,verdict\na,b,different\nc,d,different\nb,a,Duplicate\n"
    assert list(read_verdicts(PAIRS, lines, "v").items()) == [(("c", "d"), "different"), (("a", "b"), "duplicate")]
    assert LABELS.key(("Lion", "a")) == ("Lion", "a")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "v.csv lacks the columns image_id, other_id, verdict; it has none"),
        (b"image_id,verdict\n", "v.csv lacks the columns other_id; it has image_id, verdict"),
        (b"image_id,other_id,verdict\na,b,maybe\n", "v.csv, line 2: verdict 'maybe'; known: duplicate, different"),
        (b"image_id,other_id,verdict\na,b\n", "v.csv, line 2: it has fewer cells than the header"),
        (b'image_id,other_id,verdict\n"a"b,c,d\n', "v.csv, line 2: not CSV"),
        (b"image_id,other_id,verdict\n\xff\n", "v.csv is not UTF-8"),
    ],
)
def test_what_is_no_file_of_verdicts_is_told_with_its_line(content: bytes, said: str) -> None:
    """One message names the file, the line and what may stand there."""
    with pytest.raises(ImageLakeError, match=said.replace("(", r"\(")):
        read_verdicts(PAIRS, content, "v.csv")


def test_a_verdict_is_kept_changed_and_taken_back(tmp_path: Path) -> None:
    """The file is there from the beginning, has what was said last, and another server reads the same."""
    file = VerdictFile(PAIRS, tmp_path / "new" / "folder")
    assert file.path.read_text(encoding="utf-8") == "image_id,other_id,verdict\n"
    assert file.say(("b", "a"), "duplicate") == 1
    assert file.say(("c", "d"), "different") == 2
    assert file.say(("a", "b"), "different") == 2
    assert list(VerdictFile(PAIRS, file.path.parent).read()) == [("c", "d"), ("a", "b")]
    assert file.say(("c", "d"), None) == 1
    assert file.say(("never", "said"), None) == 1
    assert file.read() == {("a", "b"): "different"}


SAY = """
import sys
from pathlib import Path
from imagelake.judging.forms import PAIRS
from imagelake.serving.verdict_file import VerdictFile
file = VerdictFile(PAIRS, Path(sys.argv[1]))
for n in range(40):
    file.say((sys.argv[2], str(n)), "duplicate")
"""


@pytest.mark.tried("The browser app", "verdicts written by several servers and tabs at once", "none is lost", n=160)
def test_tabs_and_servers_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two processes and two threads of this one add forty verdicts each; a reader never sees a broken file."""
    file = VerdictFile(PAIRS, tmp_path)
    others = [subprocess.Popen([sys.executable, "-c", SAY, str(tmp_path), name]) for name in ("p", "q")]

    def say(name: str) -> None:
        for n in range(40):
            file.say((name, str(n)), "different")

    with ThreadPoolExecutor(2) as pool:
        tabs = [pool.submit(say, name) for name in ("r", "s")]
        while any(other.poll() is None for other in others) or not all(tab.done() for tab in tabs):
            file.read()
    assert [other.wait(30) for other in others] == [0, 0]
    assert len(file.read()) == 160
    assert {key for name in "pqrs" for key in (PAIRS.key((name, str(n))) for n in range(40))} == set(file.read())


def test_a_folder_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    """A file in its place, and a file of something else in it, end the server's start with one line."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ImageLakeError, match=r"--verdicts .*file: "):
        VerdictFile(PAIRS, tmp_path / "file")
    (tmp_path / "pair_verdicts.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(ImageLakeError, match="lacks the columns image_id"):
        VerdictFile(PAIRS, tmp_path)
