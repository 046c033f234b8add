"""Run a submission and show its output; in cluster mode also that of the driver, at the end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

from imagelake.cluster.submission.class_archive import with_archive
from imagelake.cluster.submission.command import Submission
from imagelake.cluster.submission.driver_log import driver_log
from imagelake.cluster.submission.spark import environment

_APPLICATION = re.compile(r"application_\d+_\d+")


def run(submission: Submission) -> int:
    """Submit and wait; returns the exit code: 0 done or skipped, else failed."""
    command = submission.command()
    if submission.is_local:
        return exit_code_of(subprocess.call(command, env=with_archive(environment())))
    if submission.deploy_mode == "client":
        return exit_code_of(subprocess.call(command, env=environment()))
    process = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    application = ""
    for line in process.stderr:
        sys.stderr.write(line)
        if found := _APPLICATION.search(line):
            application = found[0]
    code = process.wait()
    if application:
        _repeat_driver(application, failed=code != 0)
    return code


def exit_code_of(code: int) -> int:
    """The exit code of a driver on this machine; one whose JVM was killed has had no chance to say so."""
    if code >= 0:
        return code
    signal_name = signal.Signals(-code).name
    sys.stderr.write(
        f"\nsubmit: Spark was ended from outside ({signal_name}), by somebody or for want of memory (the kernel's log "
        "says so: journalctl -k, dmesg); what was published before is untouched: run it again\n"
    )
    return 1


def _repeat_driver(application: str, failed: bool) -> None:
    """Print the driver's summary, or its error."""
    log = driver_log(application)
    sys.stdout.write(log.get("stdout") or f"{application}: YARN has no log of the driver (yet)\n")
    sys.stdout.flush()
    if failed:
        sys.stderr.write(log.get("stderr", ""))
