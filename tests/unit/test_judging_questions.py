"""What people are asked about labels."""

from __future__ import annotations

import pytest

from imagelake.judging.forms import label_questions


@pytest.mark.parametrize(
    ("present", "evidence"),
    [
        ({"present": True}, "Lion (3.0%), rather Owl (90.0%)"),
        ({"present": False}, "not Lion (3.0%), rather Owl (90.0%)"),
        ({"present": None}, "Lion (3.0%), rather Owl (90.0%)"),
        ({}, "Lion (3.0%), rather Owl (90.0%)"),
    ],
)
def test_a_label_that_is_said_not_to_be_there_is_called_so(present: dict[str, bool | None], evidence: str) -> None:
    """In tables of former versions, which lack the column, every label is there."""
    row = {"image_id": "a", "split": None, "label": "Lion", "score": 0.03, "suggested": "Owl", "suggested_score": 0.9}
    (question,) = label_questions([{**row, **present}])
    assert (question.names, question.evidence) == (("a", "Lion"), evidence)
