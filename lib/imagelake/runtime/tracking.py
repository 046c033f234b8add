"""Logs runs of training in a store of MLflow, where the settings name one; no job fails of it once it has begun."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imagelake.errors import ImageLakeError
from imagelake.net.credentials import without_credentials
from imagelake.runtime.progress import announce

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    from imagelake.config import MlflowSection
    from imagelake.runtime.job import Work

METRICS_AT_ONCE = 1_000  # of a request, at most, as are the parameters below
PARAMETERS_AT_ONCE, PARAMETER_LENGTH = 100, 6_000
FINISHED, FAILED = "FINISHED", "FAILED"
OF_SETTINGS = ("l2", "learning_rate", "level")  # numbers of a row that are no measures


@dataclass(frozen=True)
class TrackedRun:
    """One run of training.

    Attributes:
        name: of the run.
        parameters: settings; those that are None are left out.
        measures: numbers at its end; those that are None or no number are left out.
        curves: numbers of each iteration from 0, by name.
        error: why it could not be trained; None where it was.
    """

    name: str
    parameters: Mapping[str, object]
    measures: Mapping[str, float | None]
    curves: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    error: str | None = None


def require_client(section: MlflowSection) -> None:
    """Make sure that runs can be logged where the settings want them to.

    Raises:
        ImageLakeError: MLflow's client is not installed.
    """
    if section.store and importlib.util.find_spec("mlflow") is None:
        raise ImageLakeError("mlflow.store needs one more package: pip install 'imagelake[mlflow]'")


def log_runs(section: MlflowSection, runs: Iterable[TrackedRun], tags: Mapping[str, str]) -> int:
    """Log runs; returns how many. What goes wrong is announced, since the tables have the same.

    Args:
        section: of the configuration; without a store nothing is logged.
        runs: finished and failed ones.
        tags: of each of them: the job, the lake, the version of the code.
    """
    if not section.store:
        return 0
    logged = 0
    try:
        client = _client(section)
        experiment = _experiment(client, section.experiment)
        for run in runs:
            _log(client, experiment, run, tags)
            logged += 1
    except Exception as error:  # whatever the client, its store or the network raise
        first = without_credentials(next(iter(str(error).splitlines()), ""))
        announce(f"{logged} runs are logged in {without_credentials(section.store)}, the next one cannot be: {first}")
    return logged


def _client(section: MlflowSection) -> MlflowClient:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=section.store)


def _experiment(client: MlflowClient, name: str) -> str:
    known = client.get_experiment_by_name(name)
    return str(known.experiment_id if known else client.create_experiment(name))


def _log(client: MlflowClient, experiment: str, run: TrackedRun, tags: Mapping[str, str]) -> None:
    from mlflow.entities import Param

    more = {"error": run.error} if run.error else {}
    run_id = client.create_run(experiment, tags={**tags, **more}, run_name=run.name).info.run_id
    parameters = [
        Param(name, str(value)[:PARAMETER_LENGTH]) for name, value in run.parameters.items() if value is not None
    ]
    for start in range(0, len(parameters), PARAMETERS_AT_ONCE):
        client.log_batch(run_id, params=parameters[start : start + PARAMETERS_AT_ONCE])
    metrics = list(_metrics(run))
    for start in range(0, len(metrics), METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=metrics[start : start + METRICS_AT_ONCE])
    client.set_terminated(run_id, FAILED if run.error else FINISHED)


def _metrics(run: TrackedRun) -> Iterator[Metric]:
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    values: list[tuple[str, float | None, int]] = [(name, value, 0) for name, value in run.measures.items()]
    values += [(name, value, step) for name, curve in run.curves.items() for step, value in enumerate(curve)]
    for name, value, step in values:
        if value is not None and math.isfinite(value):
            yield Metric(name, float(value), now, step)


def run_tags(work: Work) -> dict[str, str]:
    """The tags of all runs of a job: where its tables are."""
    return {"imagelake.job": work.job.name, "imagelake.run_id": work.run_id, "imagelake.lake": work.lake.root}


def curve_name(fold: int, aside: bool) -> str:
    """How the curve of a fold of training_curves is called, of its training images or of those kept aside."""
    of_fold = f"without_fold_{fold}" if fold >= 0 else "all_images"
    return f"{'aside' if aside else 'training'}_loss/{of_fold}"


def curves_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, list[float | None]]]:
    """The curves of each run, by names as from `curve_name`.

    Args:
        rows: of training_curves.
    """
    found: dict[str, dict[str, list[float | None]]] = {}
    for row in sorted(rows, key=lambda row: (row["run"], row["fold"], row["iteration"])):
        of_run = found.setdefault(row["run"], {})
        for column, aside in (("loss", False), ("loss_aside", True)):
            if row[column] is not None:
                of_run.setdefault(curve_name(row["fold"], aside), []).append(row[column])
    return found


def tracked_runs(
    rows: Iterable[Mapping[str, Any]],
    settings: Mapping[str, object],
    curves: Mapping[str, Mapping[str, Sequence[float | None]]],
    measured: Mapping[str, float],
) -> list[TrackedRun]:
    """Rows of training_runs or run_comparison as runs to be logged.

    Args:
        rows: of either table.
        settings: of the configuration, which a row's own values win over.
        curves: of each run, by the names of runs.
        measured: measures of the chosen run that its row does not have.
    """
    found = []
    for row in rows:
        numbers = {name: value for name, value in row.items() if isinstance(value, float) and name not in OF_SETTINGS}
        own = {name: value for name, value in row.items() if name not in numbers and name not in ("run", "error")}
        name = str(row["run"])
        measures = {**numbers, **(measured if row["chosen"] else {})}
        found.append(TrackedRun(name, {**settings, **own}, measures, curves.get(name, {}), row.get("error")))
    return found
