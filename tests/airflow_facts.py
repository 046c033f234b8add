"""Run by Airflow's own Python: what it makes of the project's DAG, as JSON on the last line of the output."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.configuration import conf  # type: ignore[import-not-found]
from airflow.dag_processing.dagbag import DagBag  # type: ignore[import-not-found]


def main() -> None:
    """Parse the folder of DAGs, render every task with the default parameters."""
    bag = DagBag(conf.get("core", "dags_folder"))
    dag = bag.dags["imagelake"]
    facts = {
        "errors": {Path(file).name: error for file, error in bag.import_errors.items()},
        "warnings": {Path(file).name: str(warnings) for file, warnings in bag.captured_warnings.items()},
        "dags": sorted(bag.dags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "schedule": str(dag.schedule),
        "doc": dag.doc_md,
        "tags": sorted(dag.tags),
        "params": dag.params.dump(),
        "tasks": {task.task_id: task_facts(task, dag.params.dump()) for task in dag.tasks},
    }
    print(json.dumps(facts, default=seconds))


def task_facts(task: Any, params: dict[str, Any]) -> dict[str, Any]:
    """How a task is retried and tracked, and the command it would run."""
    task.render_template_fields({"params": params, "task": task})
    return {
        "upstream": sorted(task.upstream_task_ids),
        "retries": task.retries,
        "retry_delay": task.retry_delay,
        "backoff": task.retry_exponential_backoff,
        "execution_timeout": task.execution_timeout,
        "durable": task.durable,
        "tracked_by_yarn": task._yarn_track_via_rm_api,
        "command": task._get_hook()._build_spark_submit_command(task.application),
    }


def seconds(value: timedelta) -> float:
    """JSON has no durations."""
    return value.total_seconds()


if __name__ == "__main__":
    main()
