"""A run of a job as events of OpenLineage, by its own Python client (openlineage.io, schema 2-0-2).

A dataset is a table, a folder of the lake, or a source, under the names that OpenLineage gives to files: a namespace,
``file`` or ``hdfs://host:port``, and the path. The id of a run follows from that in the manifests, so that events are
found for a table, and a table for events.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imagelake import __version__
from imagelake.lake.manifest import Manifest

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, OutputDataset, RunEvent

PRODUCER = f"urn:imagelake:{__version__}"
_RUNS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:imagelake:run")


@dataclass(frozen=True)
class JobRun:
    """What is known of a run when it begins.

    Attributes:
        namespace: of the job, see the setting lineage.namespace.
        job: its name.
        doc: its docstring.
        root: of the lake.
        run_id: as the manifests have it.
        inputs: table or address -> id of its run, or digest, as in the manifests.
        writes: tables and folders.
        settings: as in the manifests.
        code_version: as in the manifests.
        spark_version: of the session.
    """

    namespace: str
    job: str
    doc: str
    root: str
    run_id: str
    inputs: Mapping[str, str]
    writes: Sequence[str]
    settings: Mapping[str, Any]
    code_version: str
    spark_version: str

    @property
    def lineage_id(self) -> str:
        """The run's UUID in events."""
        return str(uuid.uuid5(_RUNS, f"{self.root}/{self.job}/{self.run_id}"))


def run_event(run: JobRun, state: str, manifests: Sequence[Manifest] = (), error: str | None = None) -> RunEvent:
    """One event of a run, at this moment.

    Args:
        run: of which.
        state: START, COMPLETE, ABORT or FAIL.
        manifests: of the published tables, for COMPLETE.
        error: in one line, for FAIL.
    """
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import (
        documentation_job,
        error_message_run,
        execution_parameters_run,
        job_type_job,
        processing_engine_run,
        tags_run,
    )

    event_v2.set_producer(PRODUCER)  # of the facets, too
    parameters = [
        execution_parameters_run.ExecutionParameter(key=name, value=json.dumps(value, ensure_ascii=False))
        for name, value in run.settings.items()
    ]
    tags = {"run_id": run.run_id, "code_version": run.code_version}
    facets: dict[str, Any] = {
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(run.spark_version, "Spark", __version__),
        "executionParameters": execution_parameters_run.ExecutionParametersRunFacet(parameters),
        "tags": tags_run.TagsRunFacet(
            [tags_run.TagsRunFacetFields(name, value, "IMAGELAKE") for name, value in tags.items()]
        ),
    }
    if error is not None:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(error, "PYTHON")
    of_job: dict[str, Any] = {
        "documentation": documentation_job.DocumentationJobFacet(run.doc.partition("\n\n")[0], "text/plain"),
        "jobType": job_type_job.JobTypeJobFacet("BATCH", "IMAGELAKE", "JOB"),
    }
    return event_v2.RunEvent(
        eventTime=datetime.now(UTC).isoformat(timespec="milliseconds"),
        producer=PRODUCER,
        run=event_v2.Run(run.lineage_id, facets),
        job=event_v2.Job(run.namespace, run.job, of_job),
        eventType=event_v2.RunState(state),
        inputs=list(_inputs(run)),
        outputs=list(_outputs(run, {manifest.name: manifest for manifest in manifests})),
    )


def dataset_name(address: str) -> tuple[str, str]:
    """The namespace and name that OpenLineage gives to a full address."""
    parts = urlsplit(address)
    path = address.partition("://")[2].removeprefix(parts.netloc)
    return (f"{parts.scheme}://{parts.netloc}" if parts.netloc else parts.scheme), path


def _inputs(run: JobRun) -> Iterator[InputDataset]:
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import dataset_version_dataset

    for name, version in run.inputs.items():
        facets: dict[str, Any] = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(version)}
        yield event_v2.InputDataset(*dataset_name(name if "://" in name else f"{run.root}/{name}"), facets=facets)


def _outputs(run: JobRun, manifests: Mapping[str, Manifest]) -> Iterator[OutputDataset]:
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import (
        dataset_version_dataset,
        output_statistics_output_dataset,
        schema_dataset,
    )

    for name in run.writes:
        facets: dict[str, Any] = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(run.run_id)}
        counts: dict[str, Any] = {}
        if manifest := manifests.get(name):
            parts = manifest.parts or ()
            counts["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                manifest.rows, sum(part.bytes for part in parts), len(parts)
            )
            fields = [schema_dataset.SchemaDatasetFacetFields(*column) for column in manifest.columns.items()]
            if fields:
                facets["schema"] = schema_dataset.SchemaDatasetFacet(fields)
        yield event_v2.OutputDataset(*dataset_name(f"{run.root}/{name}"), facets=facets, outputFacets=counts)
