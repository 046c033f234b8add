"""Provenance: for every job its inputs, row counts, settings, code version and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagelake.reports.how import input_name
from imagelake.reports.names import clean_name, words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section


def provenance(rows: ReportRows) -> Section:
    """The manifests, those of one run of a job together, in the order of the runs."""
    runs: dict[str, list[Mapping[str, Any]]] = {}
    for manifest in sorted(rows.manifests.values(), key=lambda manifest: (manifest["started"], manifest["name"])):
        runs.setdefault(manifest["run_id"], []).append(manifest)
    absent = None if runs else "There is no manifest: no job has published a table yet."
    return Section("provenance", "How each number was made", {"runs": [_run(run) for run in runs.values()]}, absent)


def _run(manifests: list[Mapping[str, Any]]) -> dict[str, Any]:
    first = manifests[0]
    return {
        **{name: clean_name(first[name]) for name in ("job", "run_id", "code_version", "config_digest")},
        **{name: first[name] for name in ("started", "seconds", "images_per_second")},
        "tables": [(clean_name(manifest["name"]), manifest["rows"]) for manifest in manifests],
        "inputs": [(input_name(name), clean_name(version)) for name, version in sorted(first["inputs"].items())],
        "accounts": [_account(account) for account in first["accounts"]],
    }


def _account(account: Mapping[str, Any]) -> dict[str, Any]:
    reasons = sorted(account["rejected"].items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        **account,
        "what": clean_name(account["what"]),
        "rejected": [(words(reason), count) for reason, count in reasons if count],
    }
