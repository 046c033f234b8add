"""Weights are arrays of their own file: one that takes them from another file of the machine is refused."""

from __future__ import annotations

from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from imagelake.vision.weights_file import WeightsError, read_layout


def external_link(file: h5py.File) -> None:
    file.require_group("layers")["stolen"] = h5py.ExternalLink("/etc/hostname", "/")


def external_storage(file: h5py.File) -> None:
    file.create_dataset("layers/stolen", (4,), "u1", external=[("/etc/hostname", 0, 4)])


def virtual_dataset(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "data", (4,))
    file.create_virtual_dataset("layers/stolen", layout)


@pytest.mark.parametrize("steal", [external_link, external_storage, virtual_dataset])
def test_weights_that_point_elsewhere_are_refused(tmp_path: Path, steal: object) -> None:
    """By a link, by storage outside, by a virtual array: the error names the file and what it takes."""
    path = tmp_path / "mobilenet.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/conv2d/vars/0"] = np.zeros((3, 3), np.float32)
    assert read_layout(path) == {"layers/conv2d/vars/0": (3, 3)}
    with h5py.File(path, "a") as file:
        steal(file)  # type: ignore[operator]
    with pytest.raises(WeightsError, match=r"mobilenet\.weights\.h5 takes /layers/stolen from another file"):
        read_layout(path)
