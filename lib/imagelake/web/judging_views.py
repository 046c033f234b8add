"""The pages on which people judge pairs and labels; verdicts go to a file of the server, or stay in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Literal
from urllib.parse import urlencode

import numpy as np
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from imagelake.installation import command_name
from imagelake.judging.forms import LABELS, PAIRS, Form, Question
from imagelake.judging.judging_page import script_questions
from imagelake.judging.verdict_files import written
from imagelake.serving.parameters import Text
from imagelake.serving.questions import Questions
from imagelake.serving.served_lake import ServedLake
from imagelake.serving.verdict_file import VerdictFile
from imagelake.spreadsheet import cell, text_of_cell
from imagelake.web.guards import JUDGING_POLICY
from imagelake.web.pages import address, render
from imagelake.web.problems import ProblemError

What = Literal["pairs", "labels"]
FORMS: Mapping[What, Form] = {"pairs": PAIRS, "labels": LABELS}
_MADE_BY = {"pairs": "find_duplicates compares images", "labels": "find_label_issues finds suspicious labels"}
_FIELDS, _FIELD_BYTES = 8, 16_384  # of the form that a verdict is sent by
_SAVED = "verdicts.csv"  # by the browser


@dataclass(frozen=True)
class OpenQuestions:
    """Open questions of one form.

    Attributes:
        shown: the first ones.
        open: how many there are in all.
        judged: how many verdicts the server keeps.
    """

    shown: list[Question]
    open: int
    judged: int


def judging_views(served: ServedLake, files: Mapping[What, VerdictFile], most: int) -> APIRouter:
    """The routes of these pages.

    Args:
        served: the lake.
        files: where verdicts are kept; empty where the browser keeps them.
        most: questions on one page.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/judge")
    def judge() -> Response:
        only_labels = not served.questions(PAIRS).total and served.questions(LABELS).total
        return RedirectResponse(f"/judge/{'labels' if only_labels else 'pairs'}", 303)

    for what in FORMS:
        router.include_router(_of_one_form(served, what, files.get(what), most))
    return router


def _of_one_form(served: ServedLake, what: What, file: VerdictFile | None, most: int) -> APIRouter:
    """The page of a form, its verdicts as they come and as a file."""
    router, form, path = APIRouter(prefix=f"/judge/{what}"), FORMS[what], f"/judge/{what}"

    @router.get("")
    def questions(last: Annotated[list[Text] | None, Query(max_length=2)] = None) -> Response:
        known, judged = served.questions(form), file.read() if file else {}
        left = _open_questions(known, judged, most)
        script = script_questions(left.shown, _pictures(served, left.shown))
        action = path if file else None
        undone = last if last and len(last) == len(form.columns) and form.key(last) in judged else None
        content = render(
            "judge.html",
            title=form.title,
            version=served.version,
            forms=FORMS,
            what=what,
            form=form,
            published=known.run_id is not None,
            made_by=_MADE_BY[what],
            questions=left,
            action=action,
            question=script[0] if script else None,
            undo=list(map(cell, undone)) if undone else None,
            command=form.command(str(file.path) if file else _SAVED),
            progress=f"{left.judged:,} judged, {left.open:,} to go" if file else "",
            script={"key": known.run_id, "columns": form.columns, "questions": script, "action": action,
                    "judged": left.judged, "open": left.open},
        )  # fmt: skip
        return HTMLResponse(content, headers={"Content-Security-Policy": JUDGING_POLICY})

    @router.post("")
    async def say(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=_FIELDS, max_part_size=_FIELD_BYTES) as sent:
            names = [text_of_cell(str(name)) for name in sent.getlist("name")]
            verdict = str(sent.get("verdict", ""))
        kept = await run_sync(_say, served.questions(form), _kept(file), names, verdict)
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"judged": kept})
        last = urlencode([("last", name) for name in names]) if verdict else ""
        return RedirectResponse(f"{path}?{last}" if last else path, 303)

    @router.get(".csv")
    def verdicts() -> Response:
        own = _kept(file)
        headers = {"Content-Disposition": f'attachment; filename="{own.path.name}"'}
        return Response(written(form, own.read()), media_type="text/csv", headers=headers)

    return router


def _open_questions(known: Questions, judged: Mapping[tuple[str, str], str], most: int) -> OpenQuestions:
    """The first questions that nobody has judged."""
    still_open = (question for key, question in known.by_key.items() if key not in judged)
    shown = list(islice(still_open, most))
    return OpenQuestions(shown, known.total - sum(key in known.by_key for key in judged), len(judged))


def _pictures(served: ServedLake, questions: list[Question]) -> dict[str, str]:
    """Where the pictures of questions are, by image_id; none of an image that has none."""
    found = {}
    for image_id in {image_id for question in questions for image_id, _ in question.images}:
        row = served.catalogue.row_of(image_id)
        if row is not None and not np.isnan(served.catalogue.ppi[row]):
            found[image_id] = address("/thumbnail", id=image_id, v=served.version)
    return found


def _kept(file: VerdictFile | None) -> VerdictFile:
    """The file of verdicts.

    Raises:
        ProblemError: the server keeps none.
    """
    if file is None:
        detail = f"this server keeps no verdicts: {command_name('serve')} --verdicts FOLDER does"
        raise ProblemError(404, detail, "This server keeps no verdicts")
    return file


def _say(known: Questions, file: VerdictFile, names: list[str], verdict: str) -> int:
    """Keep a verdict, or take it back where it is empty; how many are kept then.

    Raises:
        ProblemError: there is no such question or verdict.
    """
    form = known.form
    if verdict and verdict not in form.verdicts:
        raise ProblemError(422, f"verdict {verdict!r}; known: {', '.join(form.verdicts)}", "There is no such verdict")
    if len(names) != len(form.columns) or form.key(names) not in known.by_key:
        detail = f"this {form.unit} is not asked about: the lake may have been published anew; reload the page"
        raise ProblemError(404, detail, f"This {form.unit} is not asked about")
    return file.say(names, verdict or None)
