"""The metadata of a slice: class names and hierarchy whole, of the large CSV files the rows of the chosen images."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from imagelake.errors import ImageLakeError
from imagelake.net.part_files import WholeFile
from imagelake.net.transfer import Client
from imagelake.open_images.addresses import Addresses, Split
from imagelake.open_images.choice import ImagesOfLabels, Request, all_images, choose
from imagelake.open_images.id_set import IdSet, ids_in
from imagelake.open_images.row_filter import RowFilter, Rows, read_rows, rows_of_images, rows_of_labels
from imagelake.open_images.slice_folder import SliceFolder, SplitFiles
from imagelake.open_images.slice_progress import SliceProgress


@dataclass(frozen=True)
class MetadataFiles:
    """Downloads metadata files to a slice's folder; those that are there are not requested again.

    ``full`` is the folder in which whole CSV files are kept, under their published paths; None to keep only the rows.
    """

    client: Client
    addresses: Addresses
    folder: SliceFolder
    progress: SliceProgress
    full: Path | None

    def fetch_shared(self) -> None:
        """Download the files that all splits share."""
        shared, folder = self.addresses.metadata, self.folder
        self._whole(shared.class_descriptions_boxable, folder.boxable, folder.part(folder.boxable))
        self._whole(shared.class_descriptions, folder.classes, folder.part(folder.classes))
        self._whole(shared.hierarchy, folder.hierarchy, folder.part(folder.hierarchy))

    def choose(self, split: Split, request: Request) -> ImagesOfLabels:
        """Choose images of a split among those with a label or box of confidence 1 and a row in the image list.

        Raises:
            ImageLakeError: the folder holds files of this split but no recorded choice.
        """
        self._refuse_strange(self.folder.files(split))
        published, candidates = self.addresses.split(split), self.folder.candidates(split)
        positive = rows_of_labels({mid.encode() for mid in request.classes})
        self._rows(published.human_labels, candidates.human_labels, positive)
        self._rows(published.boxes, candidates.boxes, positive)
        labelled = [candidates.human_labels, candidates.boxes]
        self._rows(published.images_with_rotation, candidates.images, rows_of_images(IdSet(ids_in(labelled))))
        return choose(labelled, IdSet(ids_in([candidates.images])), request)

    def fetch_rows(self, split: Split, images: ImagesOfLabels) -> None:
        """Download every row, of any label, of the chosen images in all files of a split."""
        published, files = self.addresses.split(split), self.folder.files(split)
        chosen = rows_of_images({image_id.encode() for image_id in all_images(images)})
        self._rows(published.human_labels, files.human_labels, chosen)
        self._rows(published.machine_labels, files.machine_labels, chosen)
        self._rows(published.boxes, files.boxes, chosen)
        # The choice has already downloaded the list's rows of all candidates.
        candidates = self.folder.candidates(split)
        self._rows(published.images_with_rotation, files.images, chosen, candidates.images)
        for file in candidates:
            file.unlink(missing_ok=True)

    def _whole(self, published: str, target: Path, part: Path) -> None:
        if target.exists():
            return
        url = self.addresses.metadata_url(published)
        with closing(WholeFile(part, target)) as sink, self.progress.reading(published) as watch:
            self.client.pull(url, sink, watch)
            sink.finish()

    def _rows(self, published: str, target: Path, rows: Rows, nearer: Path | None = None) -> None:
        """Filter a published file into ``target``, from ``nearer`` or the kept whole file if there is one."""
        if target.exists():
            return
        local = nearer if nearer and nearer.exists() else self._kept(published)
        source = str(local) if local else self.addresses.metadata_url(published)
        with closing(RowFilter(source, self.folder.part(target), target, rows)) as sink:
            if local:
                read_rows(local, sink)
            else:
                with self.progress.reading(published) as watch:
                    self.client.pull(source, sink, watch)
            sink.finish()

    def _kept(self, published: str) -> Path | None:
        if self.full is None:
            return None
        whole = self.full / published
        whole.parent.mkdir(parents=True, exist_ok=True)
        self._whole(published, whole, whole.with_name(whole.name + ".part"))
        return whole

    def _refuse_strange(self, files: SplitFiles) -> None:
        found = [file.name for file in files if file.exists()]
        if found:
            raise ImageLakeError(
                f"{self.folder.root} holds {', '.join(found)}, which no choice recorded in {self.folder.choice.name} "
                f"explains: take another --out, so that nothing of yours is mixed with the slice"
            )
