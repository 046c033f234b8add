"""Files and folders at file:// and hdfs:// addresses, through Spark's own Hadoop client."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import LOCAL, is_local
from imagelake.lake.listing import FoundFile, Listings, hadoop_files, listing_digest, local_files
from imagelake.lake.remedies import remedy

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spark translates some of the JVM's exceptions into its own and passes the others on.
JAVA_ERRORS = (Py4JJavaError, PySparkException)
_COPIES_AT_ONCE = 8
# What Hadoop's patterns give a meaning; a comma only counts within braces, which are escaped themselves.
_PATTERN_CHARACTER = re.compile(r"[*?\[\]{}\\^]")


def to_uri(path: str) -> str:
    """The full address of a path; without a scheme it is a local path, whatever the cluster's default file system."""
    if "://" in path:
        return path.rstrip("/")
    # Hadoop itself writes file:/a for file:///a.
    return f"file://{Path(path.removeprefix('file:')).expanduser().resolve()}"


def to_pattern(uri: str) -> str:
    """An address as the readers of Spark take it, which are given patterns: with these characters escaped."""
    return _PATTERN_CHARACTER.sub(r"\\\g<0>", uri)


class Storage:
    """File operations below any address, with the JVM's Hadoop client."""

    def __init__(self, spark: SparkSession) -> None:
        jvm: Any = spark._jvm
        self._jvm, self._path_class = jvm, jvm.org.apache.hadoop.fs.Path
        self._conf: Any = spark._jsc.hadoopConfiguration()
        self._spark = spark
        self._listings: Listings | None = None

    def _path(self, uri: str) -> Any:
        return self._path_class(to_uri(uri))

    def _fs(self, uri: str) -> Any:
        try:
            return self._path(uri).getFileSystem(self._conf)
        except JAVA_ERRORS as error:
            raise storage_error(uri, error) from None

    def exists(self, uri: str) -> bool:
        """Whether a file or folder is at an address."""
        return bool(self._call(uri, "exists"))

    def is_folder(self, uri: str) -> bool:
        """Whether a folder is at an address."""
        return self.exists(uri) and bool(self._call(uri, "getFileStatus").isDirectory())

    def make_folder(self, uri: str) -> None:
        """Create a folder and its parents."""
        self._call(uri, "mkdirs")

    def delete(self, uri: str) -> None:
        """Remove a file, or a folder with everything in it, if it exists."""
        self._call(uri, "delete", True)

    def read_bytes(self, uri: str, limit: int = 2**31 - 1) -> bytes:
        """The bytes of a file.

        Raises:
            ImageLakeError: there is no such file, or it is longer than limit bytes.
        """
        size = int(self._call(uri, "getFileStatus").getLen())
        if size > limit:
            raise ImageLakeError(f"{uri} has {size:,} bytes, more than the {limit:,} allowed")
        stream = self._call(uri, "open")
        try:
            return all_bytes(self._jvm, stream)
        finally:
            stream.close()

    def read_head(self, uri: str, size: int) -> bytes:
        """The first bytes of a file of any length."""
        stream = self._call(uri, "open")
        try:
            return bytes(stream.readNBytes(size))
        finally:
            stream.close()

    def write_bytes(self, uri: str, content: bytes, overwrite: bool = True) -> None:
        """Write a small file.

        Raises:
            ImageLakeError: the file exists and overwrite is false, or the file system refused.
        """
        try:
            stream = self._fs(uri).create(self._path(uri), overwrite)
            stream.write(bytearray(content))
            stream.close()
        except JAVA_ERRORS as error:
            raise storage_error(uri, error) from None

    def files(self, uri: str) -> Iterator[FoundFile]:
        """Every file at or below an address, whatever it is called; folders one after the other.

        Raises:
            ImageLakeError: the address does not exist.
        """
        if not self.exists(uri):
            raise ImageLakeError(f"{uri}: there is no such file or folder")
        full = to_uri(uri)
        return local_files(Path(full.removeprefix(LOCAL))) if is_local(full) else hadoop_files(full, self._statuses)

    @contextmanager
    def listing_once(self) -> Iterator[None]:
        """Within it `listed` and `digest` list each address once, however often they are called."""
        with tempfile.TemporaryDirectory(prefix="imagelake-listings-") as folder:
            self._listings = Listings(Path(folder))
            try:
                yield
            finally:
                self._listings = None

    def listed(self, uri: str) -> Iterator[FoundFile]:
        """Every file at or below an address, as `files`, of the listing that `listing_once` keeps."""
        if self._listings is None:
            return self.files(uri)
        return self._listings.get(to_uri(uri), lambda: self.files(uri))

    def _statuses(self, folder: str) -> bytes:
        return serialised(self._spark, self._call(folder, "listStatus"))

    def copy_files(self, copies: Mapping[str, str]) -> None:
        """Copy files, source to target, several at a time; from one local disk to another they become links.

        Raises:
            ImageLakeError: the file system refused.
        """
        with ThreadPoolExecutor(_COPIES_AT_ONCE) as pool:
            list(pool.map(self._copy, copies, copies.values()))

    def _copy(self, source: str, target: str) -> None:
        if is_local(source) and is_local(target):
            file = Path(target.removeprefix(LOCAL))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.symlink_to(source.removeprefix(LOCAL))
            return
        copy = self._jvm.org.apache.hadoop.fs.FileUtil.copy
        try:
            copy(self._fs(source), self._path(source), self._fs(target), self._path(target), False, self._conf)
        except JAVA_ERRORS as error:
            raise storage_error(source, error) from None

    def names(self, uri: str) -> list[str]:
        """Names of the files and folders directly below a folder, sorted."""
        return sorted(entry.getPath().getName() for entry in self._call(uri, "listStatus"))

    def digest(self, uri: str, note: Callable[[FoundFile], object] = lambda _: None) -> str:
        """A short hash of the names, sizes and times of all files at an address: it changes when they do.

        Args:
            uri: a file or a folder.
            note: called with every file.
        """
        return listing_digest(_noting(self.listed(uri), note))

    def upload(self, local: Path, uri: str) -> None:
        """Copy a local file or folder to an address."""
        self._call(uri, "copyFromLocalFile", self._path(str(local)), self._path(uri), path_first=False)

    def download(self, uri: str, local: Path) -> None:
        """Copy a file or folder to a local path."""
        self._call(uri, "copyToLocalFile", False, self._path(uri), self._path(str(local)), True, path_first=False)

    def _call(self, uri: str, method: str, *arguments: Any, path_first: bool = True) -> Any:
        prefix = (self._path(uri),) if path_first else ()
        try:
            return getattr(self._fs(uri), method)(*prefix, *arguments)
        except JAVA_ERRORS as error:
            raise storage_error(uri, error) from None

    def hadoop_path(self, uri: str) -> Any:
        """Hadoop's own Path of an address."""
        return self._path(uri)

    def configuration_with(self, settings: Mapping[str, str]) -> Any:
        """A copy of the Hadoop configuration with some settings changed."""
        conf = self._jvm.org.apache.hadoop.conf.Configuration(self._conf)
        for name, value in settings.items():
            conf.set(name, value)
        return conf


def all_bytes(jvm: Any, stream: Any) -> bytes:
    """What is left of an input stream of Java's.

    Py4J turns bytes into Python's one by one, in Python: 3 s for a network of 17 MB. A text in base64 takes a tenth.
    """
    collected = jvm.java.io.ByteArrayOutputStream()
    encoding = jvm.java.util.Base64.getEncoder().wrap(collected)
    stream.transferTo(encoding)
    encoding.close()
    return base64.b64decode(collected.toString())


def _noting(files: Iterator[FoundFile], note: Callable[[FoundFile], object]) -> Iterator[FoundFile]:
    for file in files:
        note(file)
        yield file


def serialised(spark: SparkSession, statuses: Any) -> bytes:
    """An array of Hadoop's file statuses, for `listing.parse_statuses`: asking the JVM file by file costs 4 ms each.

    Py4J does not take an array of statuses for one of what they implement; Java's reflection does.
    """
    gateway: Any = spark.sparkContext._gateway
    java = gateway.jvm.java.lang
    types = gateway.new_array(java.Class, 1)
    types[0] = java.Class.forName("[Lorg.apache.hadoop.io.Writable;")
    arguments = gateway.new_array(java.Object, 1)
    arguments[0] = statuses
    serialise = java.Class.forName("org.apache.hadoop.io.WritableUtils").getMethod("toByteArray", types)
    return bytes(serialise.invoke(None, arguments))


def storage_error(uri: str, error: Exception) -> ImageLakeError:
    """A Java exception as one line: the address, its class, the first line of its message, and the remedy if known."""
    # Spark's Python wraps some of Java's exceptions itself, an unknown host among them.
    text = _root_cause(error) if isinstance(error, Py4JJavaError) else str(error).splitlines()[0]
    return ImageLakeError(f"{uri}: {text}. {advice}" if (advice := remedy(text)) else f"{uri}: {text}")


def _root_cause(error: Py4JJavaError) -> str:
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    error_class = cause.getClass().getSimpleName()
    if error_class == "RemoteException":  # the NameNode's own exception, by name
        error_class = cause.getClassName().rpartition(".")[2]
    message = (cause.getMessage() or "").splitlines()
    return f"{error_class}: {message[0] if message else 'no message'}"
