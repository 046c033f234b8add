"""Names of Java are looked up once: classes and their methods, but no values."""

from __future__ import annotations

from typing import Any

import pytest
from py4j.java_gateway import JavaClass, JVMView  # type: ignore[import-untyped]
from py4j.protocol import REFLECTION_COMMAND_NAME  # type: ignore[import-untyped]
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


@pytest.fixture
def asked(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Java is asked about names, from now on."""
    gateway: Any = spark.sparkContext._gateway
    client, questions = gateway._gateway_client, list[str]()
    send = client.send_command

    def noting(command: str, *arguments: Any, **named: Any) -> Any:
        if command.startswith(REFLECTION_COMMAND_NAME):
            questions.append(command)
        return send(command, *arguments, **named)

    monkeypatch.setattr(client, "send_command", noting)
    return questions


def test_columns_look_no_name_up_twice(asked: list[str]) -> None:
    """Once a column of some functions was made, a hundred others of the same look nothing up."""
    F.trunc(F.col("a"), "month") + F.lit(1)
    asked.clear()
    for number in range(100):
        F.trunc(F.col("b"), "month") + F.lit(number)
    assert asked == []


def test_values_are_asked_for_again(spark: SparkSession) -> None:
    """A static field is no method: what it holds is not kept."""
    jvm: Any = spark._jvm
    assert isinstance(jvm, JVMView)
    integers = jvm.java.lang.Integer
    assert isinstance(integers, JavaClass)
    assert integers.MAX_VALUE == 2**31 - 1
    assert "MAX_VALUE" not in vars(integers)
    assert integers.parseInt("7") == 7
    assert "parseInt" in vars(integers)
