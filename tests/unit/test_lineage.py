"""Events of OpenLineage: as its schema wants them, one at the beginning and one at the end, and never a job's end."""

from __future__ import annotations

import importlib.util
import json
import re
import uuid
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from imagelake.config import LineageSection, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.manifest import Manifest, Part
from imagelake.runtime.lineage import Lineage, sender
from imagelake.runtime.lineage_events import PRODUCER, JobRun, dataset_name, run_event

RUN = JobRun(
    namespace="zoo",
    job="measure_accuracy",
    doc="Measure the accuracy.\n\nReads things.",
    root="file:///lake",
    run_id="564f086ec346",
    inputs={"labels_clean": "5ae527ca114f", "hdfs://nn:8020/raw/labels": "0123456789abcdef"},
    writes=("label_accuracy", "report"),
    settings={"accuracy.confidence_level": 0.95, "clean.drop_labels": ["Ä"]},
    code_version="0.1.0+2a565ebc",
    spark_version="4.3.0",
)


def manifest(name: str, columns: dict[str, str]) -> Manifest:
    parts = [Part("a.parquet", 100, ""), Part("b.parquet", 23, "")]
    return Manifest(name, RUN.job, RUN.run_id, "", "", "", {}, 25, [], "", 1.0, None, columns, parts)


MANIFESTS = [manifest("label_accuracy", {"label": "string", "top1": "double"}), manifest("report", {})]


def to_file(folder: Path) -> LineageSection:
    return LineageSection(url="", file=str(folder / "events.jsonl"), namespace="zoo")


def events_of(section: LineageSection) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(section.file).read_text().splitlines()]


def check_facets(facets: dict[str, Any]) -> None:
    """BaseFacet of the schema: each says by whom and after which schema it was made."""
    for name, facet in facets.items():
        assert re.fullmatch(r"\w+", name)
        assert facet["_producer"] == PRODUCER
        assert re.fullmatch(r"https://openlineage\.io/spec/facets/[\d-]+/\w+\.json#/\$defs/\w+", facet["_schemaURL"])


def check_event(event: dict[str, Any]) -> None:
    """RunEvent of OpenLineage.json 2-0-2, field by field: what is required, of which type and form."""
    assert set(event) <= {"eventType", "eventTime", "run", "job", "inputs", "outputs", "producer", "schemaURL"}
    assert event["eventType"] in {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}
    assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
    assert event["producer"] == PRODUCER
    assert re.fullmatch(r"[a-z][a-z0-9+.-]*:\S+", event["producer"])
    assert event["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
    assert set(event["run"]) == {"runId", "facets"}
    assert str(uuid.UUID(event["run"]["runId"])) == event["run"]["runId"]
    assert set(event["job"]) == {"namespace", "name", "facets"}
    check_facets(event["run"]["facets"])
    check_facets(event["job"]["facets"])
    for datasets, own in (("inputs", "inputFacets"), ("outputs", "outputFacets")):
        for dataset in event[datasets]:
            assert {"namespace", "name"} <= set(dataset) <= {"namespace", "name", "facets", own}
            check_facets(dataset["facets"])
            check_facets(dataset.get(own, {}))


@pytest.mark.parametrize(
    ("ending", "states"),
    [
        (lambda run: run.ended(MANIFESTS, True), ["START", "COMPLETE"]),
        (lambda run: run.ended(MANIFESTS, False), ["START", "ABORT"]),
        (lambda run: run.failed(ValueError("no\nmore")), ["START", "FAIL"]),
        (lambda run: run.failed(KeyboardInterrupt()), ["START", "ABORT"]),
    ],
)
def test_a_run_is_a_beginning_and_one_end(tmp_path: Path, ending: Any, states: list[str]) -> None:
    """Whatever the end, the client's own file holds two events of one run, each as the schema wants it."""
    section = to_file(tmp_path)
    ending(Lineage(RUN, sender(section, {})))
    events = events_of(section)
    assert [event["eventType"] for event in events] == states
    assert len({event["run"]["runId"] for event in events}) == 1
    for event in events:
        check_event(event)


def test_an_event_says_what_the_manifests_say(tmp_path: Path) -> None:
    """Inputs with their versions, settings, code, outputs with rows, bytes, files and columns."""
    section = to_file(tmp_path)
    Lineage(RUN, sender(section, {})).ended(MANIFESTS, True)
    event = events_of(section)[-1]
    assert (event["job"]["namespace"], event["job"]["name"]) == ("zoo", "measure_accuracy")
    assert event["job"]["facets"]["documentation"]["description"] == "Measure the accuracy."
    named = {(one["namespace"], one["name"]): one["facets"]["version"]["datasetVersion"] for one in event["inputs"]}
    assert named == {
        ("file", "/lake/labels_clean"): "5ae527ca114f",
        ("hdfs://nn:8020", "/raw/labels"): "0123456789abcdef",
    }
    parameters = {one["key"]: one["value"] for one in event["run"]["facets"]["executionParameters"]["parameters"]}
    assert parameters == {"accuracy.confidence_level": "0.95", "clean.drop_labels": '["Ä"]'}
    tags = {one["key"]: one["value"] for one in event["run"]["facets"]["tags"]["tags"]}
    assert tags.items() >= {"run_id": "564f086ec346", "code_version": "0.1.0+2a565ebc"}.items()
    assert event["run"]["facets"]["processing_engine"]["version"] == "4.3.0"
    table, folder = event["outputs"]
    counts = table["outputFacets"]["outputStatistics"]
    assert (counts["rowCount"], counts["size"], counts["fileCount"]) == (25, 123, 2)
    fields = [(one["name"], one["type"]) for one in table["facets"]["schema"]["fields"]]
    assert fields == [("label", "string"), ("top1", "double")]
    assert "schema" not in folder["facets"]


def test_the_error_of_a_failed_run_is_one_line_without_credentials(tmp_path: Path) -> None:
    """The message's first line; what authenticates in an address does not leave the machine."""
    section = to_file(tmp_path)
    Lineage(RUN, sender(section, {})).failed(OSError("https://ann:s3cret@host/a is gone\ntrace"))
    message = events_of(section)[-1]["run"]["facets"]["errorMessage"]["message"]
    assert message == "OSError: https://***@host/a is gone"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("file:///a/b c", ("file", "/a/b c")),
        ("hdfs://nn:8020/a", ("hdfs://nn:8020", "/a")),
        ("hdfs:///a#b", ("hdfs", "/a#b")),
    ],
)
def test_datasets_are_named_as_openlineage_names_files(address: str, name: tuple[str, str]) -> None:
    """Local files and those of HDFS have the namespace and name that the client's own naming gives."""
    from openlineage.client.naming.dataset import HDFS, LocalFileSystem

    assert dataset_name(address) == name
    if "nn:8020" in address:
        own: Any = HDFS("nn", "8020", "/a")
        assert (own.get_namespace(), own.get_name()) == name
    elif address.startswith("file"):
        own = LocalFileSystem("/a/b c")
        assert (own.get_namespace(), own.get_name()) == name


def test_the_id_of_a_run_follows_from_its_manifest() -> None:
    """Equal runs have equal ids, so events are found from a table; others have others."""
    assert RUN.lineage_id == JobRun(**{**RUN.__dict__, "settings": {}}).lineage_id
    assert RUN.lineage_id != JobRun(**{**RUN.__dict__, "run_id": "564f086ec347"}).lineage_id
    assert run_event(RUN, "START").run.runId == RUN.lineage_id


@pytest.mark.parametrize("where", ["a file in no folder", "a port where nobody listens"])
def test_no_job_fails_of_it(tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be sent is announced once, and the run goes on."""
    if where == "a file in no folder":
        section = LineageSection(url="", file=str(tmp_path / "no" / "events"), namespace="zoo")
    else:
        section = LineageSection(url="http://ann:s3cret@127.0.0.1:9", file="", namespace="zoo")
    run = Lineage(RUN, sender(section, {}))
    run.ended(MANIFESTS, True)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("measure_accuracy: no OpenLineage event could be sent (")
    assert "s3cret" not in line


def test_a_server_is_sent_the_events() -> None:
    """lineage.url is posted each event, with the key of OpenLineage's environment."""
    received: list[tuple[str, str | None, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((self.path, self.headers["Authorization"], body))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        section = LineageSection(url=f"http://127.0.0.1:{server.server_port}", file="", namespace="zoo")
        Lineage(RUN, sender(section, {"OPENLINEAGE_API_KEY": "k1"})).ended(MANIFESTS, True)
    finally:
        server.shutdown()
        server.server_close()
    assert [body["eventType"] for _, _, body in received] == ["START", "COMPLETE"]
    assert {(path, key) for path, key, _ in received} == {("/api/v1/lineage", "Bearer k1")}
    for _, _, body in received:
        check_event(body)


def test_the_environment_of_openlineage_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting the client's own configuration is used, and without either there is no sender."""
    nothing = LineageSection(url="", file="", namespace="zoo")
    assert sender(nothing, {}) is None
    file = tmp_path / "events.jsonl"
    (tmp_path / "ol.yml").write_text(f"transport: {{type: file, log_file_path: {file}, append: true}}\n")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(tmp_path / "ol.yml"))
    Lineage(RUN, sender(nothing)).ended(MANIFESTS, True)
    assert [json.loads(line)["eventType"] for line in file.read_text().splitlines()] == ["START", "COMPLETE"]
    (tmp_path / "ol.yml").write_text("transport: {type: pigeon}\n")
    assert sender(nothing) is None


def test_a_missing_client_is_named_where_events_are_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be met is an error before anything starts; the environment alone is not."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImageLakeError, match=r"pip install 'imagelake\[lineage\]'"):
        sender(to_file(tmp_path), {})
    assert sender(LineageSection(url="", file="", namespace="zoo"), {"OPENLINEAGE_URL": "http://x"}) is None


def test_both_ways_at_once_are_refused() -> None:
    """A file and a server are one too many."""
    with pytest.raises(ImageLakeError, match=r"lineage\.url or lineage\.file, not both"):
        load_config(settings=["lineage.url=http://x", "lineage.file=y"])
