"""The loading of weights from a file, after a check that they fit the network.

Keras alone does not check this: for a missing layer it warns and keeps the random initial values.
"""

import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imagelake.errors import ImageLakeError
from imagelake.vision.architecture import ARCHITECTURES

Layout = Mapping[str, tuple[int, ...]]
"""The arrays of a weights file: name and shape."""

IMAGENET_CLASSES = 1000
_ARCHIVED = "model.weights.h5"
_KERNEL_AXES, _COLOURS = 4, 3
# The second array of a layer that has one, as .weights.h5 numbers them, and by its name in older files.
_BIAS = re.compile(r"^layers/(?:conv2d|dense)[^/]*/vars/1$|(?:^|/)bias(?::0)?$")


class WeightsError(ImageLakeError):
    """Weights that are missing, unreadable or made for another network; the message names the file and both shapes."""


def load_weights(model: Any, path: Path, wanted: str) -> None:
    """Loads a `.weights.h5`, `.keras` or older `.h5` file; detected by content, so that a file may have any name.

    Args:
        model: the Keras model to fill.
        path: a local file.
        wanted: the network's name in an error, such as "mobilenet_v1, alpha 0.25, 10 classes".

    Raises:
        WeightsError: when the file is missing, unreadable or does not fit.
    """
    if not path.is_file():
        raise WeightsError(f"weights file {path} does not exist")
    with tempfile.TemporaryDirectory() as folder:
        try:
            _load(model, path, wanted, Path(folder))
        except WeightsError:
            raise
        except Exception as error:  # h5py and Keras raise many types for damaged files
            raise WeightsError(f"weights file {path} cannot be loaded into {wanted}: {_brief(error)}") from error


def read_layout(path: Path) -> Layout:
    """The arrays of a local `.weights.h5`, `.keras` or older `.h5` file, without those of an optimizer.

    Raises:
        WeightsError: when the file is missing or unreadable.
    """
    if not path.is_file():
        raise WeightsError(f"weights file {path} does not exist")
    with tempfile.TemporaryDirectory() as folder:
        try:
            local = _unpacked(path, Path(folder))
            _check_links(local, str(path))
            return _layout(local)
        except WeightsError:
            raise
        except Exception as error:  # h5py raises many types for damaged files
            raise WeightsError(f"weights file {path} cannot be read: {_brief(error)}") from error


def _load(model: Any, path: Path, wanted: str, scratch: Path) -> None:
    local = _unpacked(path, scratch)
    _check_links(local, str(path))
    if local.name == _ARCHIVED:
        _check_layout(_layout(local), _expected_layout(model, scratch), f"weights file {path}", wanted)
    model.load_weights(local)


def _unpacked(path: Path, scratch: Path) -> Path:
    """A copy of the HDF5 file with the suffix that Keras needs, which the original may lack."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return Path(archive.extract(_ARCHIVED, scratch))
    local = scratch / ("old.h5" if _is_legacy(path) else _ARCHIVED)
    local.symlink_to(path.resolve())
    return local


def _is_legacy(path: Path) -> bool:
    """Whether an HDF5 file is of Keras 2, whose loader does check shapes."""
    import h5py  # type: ignore[import-untyped]

    with h5py.File(path) as file:
        return "layer_names" in file.attrs or "model_weights" in file


def _check_links(path: Path, name: str) -> None:
    """Raise WeightsError where an HDF5 file takes anything from another file, which may be any file of this machine."""
    import h5py

    def check(group: Any) -> None:
        for key in group:
            if isinstance(group.get(key, getlink=True), h5py.ExternalLink):
                raise WeightsError(f"weights file {name} takes {group.name}/{key} from another file; it is not read")
            item = group[key]
            if isinstance(item, h5py.Group):
                check(item)
            elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                raise WeightsError(f"weights file {name} takes {item.name} from another file; it is not read")

    with h5py.File(path) as file:
        check(file)


def _layout(path: Path) -> Layout:
    import h5py

    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            shapes[name] = item.shape

    with h5py.File(path) as file:
        file.visititems(note)
    return {name: shape for name, shape in shapes.items() if not name.startswith("optimizer")}


def _expected_layout(model: Any, scratch: Path) -> Layout:
    path = scratch / "expected.weights.h5"
    model.save_weights(path)
    return _layout(path)


def _check_layout(found: Layout, expected: Layout, source: str, wanted: str) -> None:
    if found == expected:
        return
    differing = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    first = differing[0]
    raise WeightsError(
        f"{source} does not fit {wanted}: it holds {describe(found)}, expected {describe(expected)}; "
        f"{len(differing)} arrays differ, the first is {first}: "
        f"found {_shape(found, first)}, expected {_shape(expected, first)}"
    )


def describe(layout: Layout) -> str:
    """The content of a weights file as text: family, width and number of classes as far as known."""
    families = [name for name, family in ARCHITECTURES.items() if family.depthwise == count_depthwise(layout)]
    filters = next((shape[3] for shape in layout.values() if _is_kernel(shape) and shape[2] == _COLOURS), 0)
    classes = count_classes(layout) or "no"
    return f"{families[0] if families else 'no MobileNet'} with {filters} first filters and {classes} classes"


def count_depthwise(layout: Layout) -> int:
    """The number of depthwise convolutions, which differs between the families."""
    return sum(_is_kernel(shape) and shape[3] == 1 for shape in layout.values())


def count_classes(layout: Layout) -> int:
    """The number of classes, 0 where the file has no classifier; only that has a bias."""
    biases = [shape[0] for name, shape in layout.items() if _BIAS.search(name) and len(shape) == 1]
    return biases[-1] if biases else 0


def _is_kernel(shape: tuple[int, ...]) -> bool:
    """Whether an array is a 3 x 3 convolution: height, width, channels in, channels out."""
    return len(shape) == _KERNEL_AXES and shape[:2] == (3, 3)


def _shape(layout: Layout, name: str) -> str:
    return str(list(layout[name])) if name in layout else "nothing"


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:300]
