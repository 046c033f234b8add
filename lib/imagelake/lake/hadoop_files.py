"""The file operations of publishing on whatever Hadoop reaches, HDFS above all, through Spark's own Hadoop client."""

from __future__ import annotations

import io
import uuid
from typing import TYPE_CHECKING, Any

from imagelake.errors import ImageLakeError
from imagelake.lake.files import WritableFiles, is_missing
from imagelake.lake.listing import parse_statuses
from imagelake.lake.storage import JAVA_ERRORS, all_bytes, serialised, storage_error

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class HadoopFiles(WritableFiles):
    """Files below a root, by Hadoop's FileContext, whose rename never moves into a folder that stands there."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        jvm: Any = spark._jvm
        self._spark, self._jvm, self._hadoop, self._root = spark, jvm, jvm.org.apache.hadoop.fs, root
        gateway: Any = spark.sparkContext._gateway
        self._array = gateway.new_array
        try:
            path, conf = self._hadoop.Path(root), spark._jsc.hadoopConfiguration()
            self._system = path.getFileSystem(conf)
            # A FileContext wants the host's name, which hdfs:///lake leaves to the configuration.
            self._full_root = self._system.makeQualified(path).toString()
            self._context = self._hadoop.FileContext.getFileContext(self._system.getUri(), conf)
        except JAVA_ERRORS as error:
            raise storage_error(root, error) from None

    def _path(self, path: str) -> Any:
        return self._hadoop.Path(f"{self._full_root}/{path}" if path else self._full_root)

    def _statuses(self, folder: str) -> Any:
        """The array of all in a folder; None where there is no folder."""
        try:
            return self._system.listStatus(self._path(folder))
        except JAVA_ERRORS as error:
            if is_missing(error):
                return None
            raise storage_error(f"{self._root}/{folder}", error) from None

    def sizes(self, folder: str) -> dict[str, int]:
        """See Files."""
        statuses = self._statuses(folder)
        listed = [] if statuses is None else parse_statuses(serialised(self._spark, statuses))
        return {status.path.rpartition("/")[2]: status.size for status in listed if not status.is_folder}

    def names(self, folder: str) -> list[str]:
        """See WritableFiles."""
        return sorted(status.getPath().getName() for status in self._statuses(folder) or ())

    def read(self, path: str) -> bytes | None:
        """See Files."""
        try:
            stream = self._system.open(self._path(path))
            try:
                return all_bytes(self._jvm, stream)
            finally:
                stream.close()
        except JAVA_ERRORS as error:
            if is_missing(error):
                return None
            raise storage_error(f"{self._root}/{path}", error) from None

    def open(self, path: str) -> io.BytesIO:
        """See Files."""
        content = self.read(path)
        if content is None:
            raise ImageLakeError(f"{self._root}/{path}: there is no such file")
        return io.BytesIO(content)

    def create(self, path: str, content: bytes) -> bool:
        """See WritableFiles."""
        return self._put(path, content, "NONE")

    def replace(self, path: str, content: bytes) -> None:
        """See WritableFiles."""
        self._put(path, content, "OVERWRITE")

    def _put(self, path: str, content: bytes, option: str) -> bool:
        """Write under another name, then rename: no reader finds half a file, and of two writers one fails."""
        folder, _, name = path.rpartition("/")
        scratch = f"{folder}/.{name}.{uuid.uuid4().hex[:12]}".lstrip("/")
        try:
            stream = self._system.create(self._path(scratch), False)
            stream.write(bytearray(content))
            stream.close()
            try:
                self._move(scratch, path, option)
            except JAVA_ERRORS as error:
                self.delete(scratch)
                if option == "NONE" and "AlreadyExistsException" in str(error):
                    return False
                raise
        except JAVA_ERRORS as error:
            raise storage_error(f"{self._root}/{path}", error) from None
        return True

    def rename(self, source: str, target: str) -> None:
        """See WritableFiles."""
        try:
            self._system.mkdirs(self._path(target).getParent())
            self._move(source, target, "NONE")
        except JAVA_ERRORS as error:
            raise storage_error(f"{self._root}/{source} to {target}", error) from None

    def _move(self, source: str, target: str, option: str) -> None:
        option_class = getattr(self._hadoop, "Options$Rename")
        options = self._array(option_class, 1)
        options[0] = getattr(option_class, option)
        self._context.rename(self._path(source), self._path(target), options)

    def delete(self, path: str) -> None:
        """See WritableFiles."""
        try:
            self._system.delete(self._path(path), True)
        except JAVA_ERRORS as error:
            raise storage_error(f"{self._root}/{path}", error) from None

    def modified_s(self, path: str) -> float | None:
        """See WritableFiles."""
        try:
            return float(self._system.getFileStatus(self._path(path)).getModificationTime()) / 1000
        except JAVA_ERRORS as error:
            if is_missing(error):
                return None
            raise storage_error(f"{self._root}/{path}", error) from None
