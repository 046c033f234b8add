"""Mutation fuzzing of everything that reads files of others: scripts/fuzz.

A child process reads mutants of sound files, each made from the seed and its number alone. Its parent watches it: a
child that dies has crashed, one that is silent hangs, and each error that is none of a reader's own is a finding, as is
memory that grows. A finding names the mutant, which --one makes again.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import re
import resource
import select
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from PIL import Image

from imagelake.arrays.restricted_pickle import load_arrays
from imagelake.cluster.webhdfs.namenodes import read_settings
from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.exports.cifar_pickle import cifar_batch
from imagelake.exports.pixels import Pixels
from imagelake.lake.lock import read_holder, this_process
from imagelake.lake.manifest import MANIFEST, Account, Manifest, Part
from imagelake.lake.published import open_lake
from imagelake.lake.record import Record, Run
from imagelake.open_images.class_names import read_classes
from imagelake.runtime.resolve.source import _json_text
from imagelake.search.description import IndexDescription
from imagelake.search.parameters import IndexParameters
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.hierarchy import Hierarchy, read_parts
from imagelake.taxonomy.keywords import read_keywords
from imagelake.taxonomy.label_map import LabelMap
from imagelake.taxonomy.narrower_labels import read_narrower_labels
from imagelake.taxonomy.synonyms import Synonyms
from imagelake.taxonomy.synsets import read_synsets
from imagelake.transforms.ingest.raw_csv import HEAD_BYTES, CsvFile
from imagelake.transforms.ingest.voc_xml import VocError, read_annotation
from imagelake.vision.decode import decode
from imagelake.vision.errors import ImageError
from imagelake.vision.extractor import ExtractorDescription
from imagelake.vision.header import read_header
from imagelake.vision.limits import Limits
from imagelake.vision.network_card import NetworkCard
from imagelake.vision.weights_file import read_layout

_BATCH = b"".join(cifar_batch("1", [Pixels(np.zeros((32, 32, 3), np.uint8), 1, "tabby_s_000001.png")], 1))
_VOC = (
    b'<annotation verified="yes"><filename>a.jpg</filename><size><width>200</width><height>100</height></size>'
    b"<object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object>"
    b"</annotation>"
)
SILENT_S = 20.0  # of a child: it hangs
GROWTH_MB = 300.0  # from the first mutants to the peak
_WARM = 20  # mutants after which libraries are loaded
_TOKENS = (
    *(b'"', b"'", b",", b"\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"}", b"[", b"]"),
    *(b"-1", b"0", b"1e309", b"NaN", b"99999999999999999999", b"null", b"\xed\xa0\x80", b"<!DOCTYPE a [", b"&a;"),
    *(b"\x1f\x8b", b"PAR1", b"[" * 20_000, b'{"a":' * 5_000, b"9" * 5_000, b"a" * 70_000),
)


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        name: to choose it by.
        sound: files that it reads without an error.
        read: reads one.
        errors: that it may raise.
    """

    name: str
    sound: tuple[bytes, ...]
    read: Callable[[bytes], object]
    errors: tuple[type[Exception], ...] = (ImageLakeError,)


@dataclass(frozen=True)
class Finding:
    """What a mutant did: crash, hang, error or growth."""

    target: str
    mutant: int
    what: str

    def __str__(self) -> str:
        """A line."""
        return f"{self.target}, mutant {self.mutant}: {self.what}"


def mutant(target: Target, seed: int, number: int) -> bytes:
    """One mutant of a target's sound files; the first ones are these files themselves."""
    if number < len(target.sound):
        return target.sound[number]
    choice = random.Random(f"{seed} {target.name} {number}")
    content = bytearray(choice.choice(target.sound))
    for _ in range(choice.choice([1, 1, 2, 4, 12])):
        at = choice.randrange(min(len(content), choice.choice([32, 400, 1 << 20])) + 1)
        length = choice.choice([0, 1, 1, 4, 40])
        match choice.randrange(6):
            case 0:  # change bytes
                content[at : at + length] = choice.randbytes(length)
            case 1:  # put a token in
                content[at:at] = choice.choice(_TOKENS)
            case 2:  # leave bytes out
                del content[at : at + length]
            case 3:  # repeat bytes
                content[at:at] = content[at : at + length] * choice.choice([1, 2, 200])
            case 4:  # the end of another file
                other = choice.choice(target.sound)
                content[at:] = other[choice.randrange(len(other) + 1) :]
            case 5 if content:  # flip a bit
                content[at - 1] ^= 1 << choice.randrange(8)
    return bytes(content if choice.randrange(4) else content[: choice.randrange(len(content) + 1)])


def targets(scratch: Path) -> list[Target]:
    """All readers.

    Args:
        scratch: a folder for those that read from a path.
    """
    return [
        Target("images", tuple(_images()), _decode, (ImageError,)),
        Target("csv_heads", _csv_files(), lambda content: CsvFile.from_head("file:///a.csv", content[:HEAD_BYTES])),
        Target("class_map", (_conf("sample_classes.csv"),), _text(partial(ClassMap.from_csv, source="a"))),
        Target("label_map", (b"folder,label,imagenet_classes\nlions,Lion,lion\n",), _text(_label_map)),
        Target("synonyms", (_conf("synonyms.csv", 60),), _text(partial(Synonyms.from_csv, source="a"))),
        Target("synsets", (_conf("imagenet_synsets.csv"),), _text(partial(read_synsets, source="a"))),
        Target("narrower", (_conf("narrower_labels.csv"),), _text(partial(read_narrower_labels, source="a"))),
        Target("parts", (_conf("hierarchy_parts.csv"),), _text(partial(read_parts, source="a"))),
        Target("class_names", (b"/m/04rky,Mammal\n/m/0cgh4,Building\n",), partial(_class_names, scratch)),
        Target("hierarchy", (_HIERARCHY,), lambda content: Hierarchy.from_json(_json_text(content, "a"), "a")),
        Target("manifest", (_manifest(),), partial(Manifest.from_bytes, file="a")),
        Target(
            "record", (Record({"images": Run("ingest_images", "a1")}).to_json().encode(),), partial(_record, scratch)
        ),
        Target("holder", (this_process("ingest_images").to_json(),), read_holder),
        Target("network_card", (_card(),), _text(NetworkCard.from_json)),
        Target("index_description", (_index(),), _text(IndexDescription.from_json)),
        Target("extractor", (_EXTRACTOR,), _text(partial(ExtractorDescription.from_toml, name="a"))),
        Target("cifar_batch", (_BATCH,), load_arrays),
        Target(
            "keywords",
            (b'{"cat": ["tabby_cat", "tomcat"], "ship": {"liner": 3}}',),
            _text(partial(read_keywords, source="a.json")),
        ),
        Target("voc", (_VOC,), read_annotation, (VocError,)),
        Target("parquet", (_parquet("snappy"), _parquet("zstd")), partial(_read_parquet, scratch)),
        Target("site_files", (_SITE,), partial(_read_site, scratch)),
        Target("weights", (_weights(scratch),), partial(_read_weights, scratch)),
    ]


def _conf(name: str, lines: int = 1_000_000) -> bytes:
    return b"".join(conf_text(f"labels/{name}").encode().splitlines(keepends=True)[:lines])


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """Bytes that are no UTF-8 are refused before these readers."""
    return lambda content: read(content.decode("utf-8", "replace"))


def _images() -> Iterator[bytes]:
    picture = Image.linear_gradient("L").resize((40, 30))
    exif = Image.Exif()
    exif[274] = 6
    for file_format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF"):
        file = io.BytesIO()
        options = {"exif": exif} if file_format in {"JPEG", "PNG", "WEBP", "TIFF"} else {}
        picture.convert("RGB").save(file, file_format, **options)
        yield file.getvalue()
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", progressive=True)
    yield file.getvalue()


def _decode(content: bytes) -> None:
    limits = Limits(max_pixels=1_000_000, timeout_s=5.0)
    read_header(content, limits)
    decode(content, limits)


def _csv_files() -> tuple[bytes, ...]:
    plain = b'ImageID,Source,LabelName,Confidence\n0001,verification,"/m/01,x",1\n'
    return plain, plain.replace(b",", b"\t"), gzip.compress(plain, mtime=0), b"\xef\xbb\xbf" + plain


def _label_map(text: str) -> None:
    LabelMap.from_csv(text, "a", ClassMap.from_csv(conf_text("labels/sample_classes.csv"), "b"))


_HIERARCHY = json.dumps(
    {
        "LabelName": "/m/0bl9f",
        "Subcategory": [
            {"LabelName": "/m/0jbk", "Subcategory": [{"LabelName": "/m/04rky"}], "Part": [{"LabelName": "/m/0283dt1"}]}
        ],
    }
).encode()
_EXTRACTOR = b"""side = 96
mean = [0.5, 0.5, 0.5]
deviation = [0.5, 0.5, 0.5]
layout = "NHWC"
output = "features"
dimension = 256
"""
_SITE = b"""<?xml version="1.0"?>
<configuration><property><name>fs.defaultFS</name><value>hdfs://a:8020</value></property></configuration>
"""


def _manifest() -> bytes:
    parts = [Part("a.parquet", 3, "00000000")]
    account = Account("lines", 2, 1, {"bad": 1})
    made = Manifest("t", "j", "r", "f", "c", "d", {"a": "b"}, 1, [account], "s", 1.0, None, {"x": "int"}, parts)
    return made.to_json().encode()


def _card() -> bytes:
    return NetworkCard("a", "b", "c", "litert", "float32", 96, "crop", ("x", "y")).to_json().encode()


def _index() -> bytes:
    return IndexDescription("a", 256, IndexParameters(64, 32, 8, 200), 1000, 1000).to_json().encode()


def _record(scratch: Path, content: bytes) -> None:
    (scratch / "record").mkdir(exist_ok=True)
    (scratch / "record" / "_published.json").write_bytes(content)
    open_lake(str(scratch / "record")).runs(["images"])


def _class_names(scratch: Path, content: bytes) -> None:
    (scratch / "classes.csv").write_bytes(content)
    read_classes([scratch / "classes.csv"])


def _parquet(compression: str) -> bytes:
    file = io.BytesIO()
    table = pa.table({"image_id": ["a", "b", None], "ppi": [1.0, 2.0, None], "labels": [["x"], [], ["y", "z"]]})
    pq.write_table(table, file, compression=compression)
    return file.getvalue()


def _read_parquet(scratch: Path, content: bytes) -> None:
    folder = scratch / "lake" / "image_quality"
    folder.mkdir(parents=True, exist_ok=True)
    made = Manifest("image_quality", "j", "r", "", "", "", {}, 3, [], "", 0.0, None, {})
    (folder / MANIFEST).write_text(made.to_json(), encoding="utf-8")
    (folder / "part-0.parquet").write_bytes(content)
    open_lake(str(scratch / "lake")).read("image_quality")


def _read_site(scratch: Path, content: bytes) -> None:
    (scratch / "core-site.xml").write_bytes(content)
    read_settings(scratch)


def _weights(scratch: Path) -> bytes:
    import h5py  # type: ignore[import-untyped]
    import numpy as np

    with h5py.File(scratch / "sound.h5", "w") as file:
        file["layers/conv2d/vars/0"] = np.ones((3, 3, 3, 8), np.float32)
        file["layers/dense/vars/1"] = np.ones(10, np.float32)
    return (scratch / "sound.h5").read_bytes()


def _read_weights(scratch: Path, content: bytes) -> None:
    (scratch / "mutant.weights.h5").write_bytes(content)
    read_layout(scratch / "mutant.weights.h5")


def child(chosen: Sequence[Target], seed: int, first: int, count: int) -> None:
    """Read mutants, and say on standard output which one comes next, and what is wrong with the last one."""
    say = partial(print, flush=True)
    for target in chosen:
        began = 0.0
        for number in range(first, first + count):
            say(f"next {target.name} {number}")
            content = mutant(target, seed, number)
            try:
                target.read(content)
            except target.errors:
                if number < len(target.sound):
                    say(f"error {target.name} {number} a sound file is refused")
            except MemoryError:
                say(f"error {target.name} {number} MemoryError: it asks for more memory than there is")
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                first_line = str(error).partition("\n")[0][:120]
                say(f"error {target.name} {number} {type(error).__name__}: {first_line!r} in {where.name}")
            if number == first + _WARM:
                began = _peak_mb()
        if began and (grown := _peak_mb() - began) > GROWTH_MB:
            say(f"error {target.name} {first + count - 1} growth: {grown:.0f} MB in {count} mutants")


def _peak_mb() -> float:
    """The most memory that this process has had: Linux' ru_maxrss may be that of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.findall(r"^VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"), re.MULTILINE)[0]) / 1024


def watch(command: Sequence[str], silent_s: float = SILENT_S) -> Iterator[Finding]:
    """Run a child and tell what it and its end find; a child that hangs is killed."""
    target, number = "start", 0
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        os.set_blocking(process.stdout.fileno(), False)
        pending, said = b"", time.monotonic()
        while True:
            ready, _, _ = select.select([process.stdout], [], [], 0.2)
            piece = process.stdout.read() if ready else None
            if piece == b"":
                break
            if piece:
                said = time.monotonic()
                *lines, pending = (pending + piece).split(b"\n")
                for line in lines:
                    word, target, text, *rest = line.decode().split(" ", 3)
                    number = int(text)
                    if word == "error":
                        yield Finding(target, number, rest[0])
            elif time.monotonic() - said > silent_s:
                process.kill()
                yield Finding(target, number, f"hang: silent for {silent_s:g} s")
                return
        code = process.wait()
        if code:
            last = process.stderr.read().decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
            yield Finding(target, number, f"crash: exit code {code} {last}".rstrip())


def command_of(names: Sequence[str], seed: int, first: int, count: int) -> list[str]:
    """The command line of a child."""
    return [
        sys.executable,
        __file__,
        "--child",
        "--seed",
        str(seed),
        "--first",
        str(first),
        "--count",
        str(count),
        *names,
    ]


def fuzz(names: Sequence[str], seed: int, minutes: float, each: int) -> Iterator[Finding]:
    """Fuzz in rounds until the time is up."""
    deadline, first = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < deadline:
        yield from fuzz_round(names, seed, first, each)
        first += each


def fuzz_round(names: Sequence[str], seed: int, first: int, each: int) -> Iterator[Finding]:
    """So many mutants of each target; a target that crashes or hangs goes on behind that mutant."""
    waiting = [(list(names), first)]
    while waiting:
        now, start = waiting.pop()
        if not now or start >= first + each:
            continue
        for finding in watch(command_of(now, seed, start, first + each - start)):
            yield finding
            if finding.what.startswith(("crash", "hang")) and finding.target in now:
                at = now.index(finding.target)
                waiting += [(now[at + 1 :], first), ([finding.target], finding.mutant + 1)]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    add = made.add_argument
    add("names", metavar="READER", nargs="*", help="only these readers (default: all)")
    add("--minutes", type=float, default=10.0, help="how long (default: %(default)s)")
    add("--seed", type=int, default=int(time.time()), help="which mutants (default: by the clock)")
    add("--one", type=int, metavar="MUTANT", help="write this mutant of the one READER to standard output")
    add("--count", type=int, default=2000, help="mutants of each reader in a round (default: %(default)s)")
    add("--first", type=int, default=0, help=argparse.SUPPRESS)
    add("--child", action="store_true", help=argparse.SUPPRESS)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz for some minutes; returns 1 where something was found."""
    options = parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        every = {target.name: target for target in targets(Path(scratch))}
        names = options.names or list(every)
        if unknown := set(names) - set(every):
            parser().error(f"unknown readers {', '.join(sorted(unknown))}; there are {', '.join(every)}")
        if options.one is not None:
            sys.stdout.buffer.write(mutant(every[names[0]], options.seed, options.one))
            return 0
        if options.child:
            child([every[name] for name in names], options.seed, options.first, options.count)
            return 0
    print(f"seed {options.seed}, {len(names)} readers, {options.minutes:g} minutes", flush=True)
    found: dict[tuple[str, str], int] = {}
    for finding in fuzz(names, options.seed, options.minutes, options.count):
        key = finding.target, finding.what
        found[key] = found.get(key, 0) + 1
        if found[key] == 1:
            print(finding, flush=True)
    for (target, what), times in found.items():
        print(f"{times:,} x {target}: {what}")
    print(
        "nothing was found"
        if not found
        else f"{len(found)} findings; --one MUTANT --seed {options.seed} makes one again"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
