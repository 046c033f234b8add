"""The output of a driver in cluster mode, from the logs that YARN aggregates on HDFS when an application ends.

Hadoop's own `yarn logs` cannot start from Spark's jars, which lack a library of it; the class behind it can.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from imagelake.cluster.submission.spark import environment

_WAIT_S = 20.0  # NodeManagers hand in their logs a few seconds after the end
_DRIVER = re.compile(r"container_.*_000001$")
_ALL_BYTES = 2**62


def driver_log(application: str) -> dict[str, str]:
    """``stdout`` and ``stderr`` of the driver's last attempt; empty if the logs are not found in time.

    Args:
        application: its id.
    """
    from pyspark.java_gateway import launch_gateway

    os.environ.update(environment())
    gateway: Any = launch_gateway()  # type: ignore[no-untyped-call]
    try:
        deadline = time.monotonic() + _WAIT_S
        while not (found := _gathered(gateway.jvm, application)) and time.monotonic() < deadline:
            time.sleep(1)
    finally:
        gateway.shutdown()
    return found


def _gathered(jvm: Any, application: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        _dump(jvm, application, folder)
        attempts = sorted(path for path in Path(folder).rglob("container_*") if _DRIVER.search(path.name))
        return split_log(attempts[-1].read_text(encoding="utf-8", errors="replace")) if attempts else {}


def _dump(jvm: Any, application: str, folder: str) -> None:
    yarn = jvm.org.apache.hadoop.yarn
    helpers, request = yarn.logaggregation.LogCLIHelpers(), yarn.logaggregation.ContainerLogsRequest()
    helpers.setConf(yarn.conf.YarnConfiguration())
    log_types = jvm.java.util.HashSet()
    for log_type in ("stdout", "stderr"):
        log_types.add(log_type)
    request.setAppId(yarn.api.records.ApplicationId.fromString(application))
    request.setAppOwner(jvm.org.apache.hadoop.security.UserGroupInformation.getCurrentUser().getShortUserName())
    request.setLogTypes(log_types)
    request.setBytes(_ALL_BYTES)
    request.setAppFinished(True)
    request.setOutputLocalDir(folder)
    helpers.dumpAllContainersLogs(request)


def split_log(text: str) -> dict[str, str]:
    """The log files of a container by name; YARN concatenates them."""
    parts = re.findall(r"^LogType:(\S+)\n.*?^LogContents:\n(.*?)\nEnd of LogType:\1$", text, re.DOTALL | re.MULTILINE)
    return dict(parts)
