"""A user's own network for features: a LiteRT or ONNX file, and the description beside it.

Letters: N images, S the input's side, D features.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.vision.engine import check_batch
from imagelake.vision.native_output import without_native_notes

FORMATS = (".onnx", ".tflite")
_Channel = Annotated[float, Field(allow_inf_nan=False)]
_Deviation = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ExtractorDescription(BaseModel):
    """How an image becomes the input of a network, and which output holds its features.

    Attributes:
        side: S, pixels.
        mean: of red, green and blue, where levels are 0 to 1; subtracted.
        deviation: of the same; divided by.
        layout: NHWC, as TensorFlow has images, or NCHW, as PyTorch does.
        output: the name of the output [1, D], or [1, D, 1, 1] and the like.
        dimension: D.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    side: Annotated[int, Field(ge=8, le=2048)]
    mean: tuple[_Channel, _Channel, _Channel]
    deviation: tuple[_Deviation, _Deviation, _Deviation]
    layout: Literal["NHWC", "NCHW"]
    output: str
    dimension: Annotated[int, Field(gt=0)]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The input's shape of one image."""
        return (1, self.side, self.side, 3) if self.layout == "NHWC" else (1, 3, self.side, self.side)

    @classmethod
    def from_toml(cls, text: str, name: str) -> ExtractorDescription:
        """Read a description.

        Args:
            text: TOML.
            name: of its file, for errors.

        Raises:
            ImageLakeError: it is no TOML, lacks a value, or holds one that is not valid.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except ValidationError as error:
            raise ImageLakeError(f"{name}: {_readable(error)}; it has {', '.join(cls.model_fields)}") from None
        except (ValueError, RecursionError) as error:  # also a number of thousands of digits
            raise ImageLakeError(f"{name} is not TOML: {error}") from None


def _readable(error: ValidationError) -> str:
    def line(name: str, error_type: str, value: Any, message: str) -> str:
        return f"{name} is missing" if error_type == "missing" else f"{name} = {value!r}: {message}"

    return "; ".join(
        line(".".join(map(str, one["loc"])), one["type"], one["input"], one["msg"]) for one in error.errors()
    )


@dataclass(frozen=True)
class PackedExtractor:
    """A picklable extractor.

    Attributes:
        file: its name, with one of `FORMATS`.
        payload: the file's bytes.
        description_text: TOML.
    """

    file: str
    payload: bytes
    description_text: str

    @property
    def description(self) -> ExtractorDescription:
        """What the description says.

        Raises:
            ImageLakeError: it is none.
        """
        return ExtractorDescription.from_toml(self.description_text, description_file(self.file))

    @property
    def name(self) -> str:
        """The name of its features: those of equal names can be compared."""
        stated = self.description.model_dump_json().encode()
        digest = hashlib.sha256(self.payload + stated).hexdigest()[:12]
        return f"{PurePath(self.file).name} at {self.description.side} px {digest}"


def description_file(file: str) -> str:
    """The description beside a network's file.

    Raises:
        ImageLakeError: the file has no known ending.
    """
    suffix = PurePath(file).suffix
    if suffix not in FORMATS:
        raise unknown_choice(f"format of model.extractor = {file!r}:", suffix, FORMATS)
    return file.removesuffix(suffix) + ".toml"


class _Forward(Protocol):
    """The forward pass of one image: its prepared pixels to its output."""

    def __call__(self, pixels: NDArray[np.float32], /) -> NDArray[Any]: ...


class Extractor:
    """An opened extractor; as an engine, neither picklable nor safe to share between threads."""

    def __init__(self, packed: PackedExtractor) -> None:
        """Open the network and try it on a grey image.

        Raises:
            ImageLakeError: the file is no such network, or its input or output are not as described.
        """
        self.description = packed.description
        opened: Callable[[PackedExtractor, ExtractorDescription], _Forward]
        opened = _open_onnx if PurePath(packed.file).suffix == ".onnx" else _open_litert
        self._forward = opened(packed, self.description)
        mean, deviation = (
            np.array(values, np.float32) for values in (self.description.mean, self.description.deviation)
        )
        self._scale, self._shift = 1 / (255 * deviation), mean / deviation
        grey = np.full((1, self.side, self.side, 3), 128, np.uint8)
        found = self._features(grey).size
        if found != self.description.dimension:
            raise ImageLakeError(
                f"{description_file(packed.file)}: dimension = {self.description.dimension}: the output "
                f"{self.description.output} of {packed.file} has {found} values an image"
            )

    @property
    def side(self) -> int:
        """S, pixels."""
        return self.description.side

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features float32 [N, D] of prepared images uint8 [N, S, S, 3], one by one, as the engines do.

        Raises:
            ValueError: for another shape or type.
        """
        check_batch(batch, self.side)
        features = np.empty((len(batch), self.description.dimension), np.float32)
        for row in range(len(batch)):
            features[row] = self._features(batch[row : row + 1])
        return features

    def _features(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        pixels = image.astype(np.float32) * self._scale - self._shift
        if self.description.layout == "NCHW":
            pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        return self._forward(pixels).ravel()


def _open_litert(packed: PackedExtractor, description: ExtractorDescription) -> _Forward:
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

    try:
        with without_native_notes():
            interpreter = Interpreter(model_content=packed.payload, num_threads=1)
    except ValueError as error:
        raise _unreadable(packed, "LiteRT", error) from None
    inputs = interpreter.get_input_details()
    _check_input(
        packed, description, [(one["shape_signature"].tolist(), np.dtype(one["dtype"]).name) for one in inputs]
    )
    output = _litert_output(packed, description, interpreter)
    with without_native_notes():
        interpreter.resize_tensor_input(inputs[0]["index"], description.shape)
        interpreter.allocate_tensors()

    def forward(pixels: NDArray[np.float32], /) -> NDArray[Any]:
        interpreter.set_tensor(inputs[0]["index"], pixels)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(output))

    return forward


def _litert_output(packed: PackedExtractor, description: ExtractorDescription, interpreter: Any) -> int:
    """The index of the output: by its name in the signature where there is one, else by the tensor's."""
    if interpreter.get_signature_list():
        details = interpreter.get_signature_runner().get_output_details()
        named = {name: one["index"] for name, one in details.items()}
    else:
        named = {one["name"]: one["index"] for one in interpreter.get_output_details()}
    _check_output(packed, description, named)
    return int(named[description.output])


def _open_onnx(packed: PackedExtractor, description: ExtractorDescription) -> _Forward:
    try:
        import onnxruntime as ort
    except ImportError:
        raise ImageLakeError(
            f"model.extractor = {packed.file}: an ONNX file needs the package onnxruntime, which is not installed "
            "here: pip install imagelake[onnx]; a .tflite file needs no other package"
        ) from None
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a task slot is one core
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(packed.payload, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no class but this
        raise _unreadable(packed, "ONNX", error) from None
    inputs = session.get_inputs()
    sizes = [[size if isinstance(size, int) else -1 for size in one.shape] for one in inputs]
    types = [{"tensor(float)": "float32"}.get(one.type, one.type) for one in inputs]
    _check_input(packed, description, list(zip(sizes, types, strict=True)))
    _check_output(packed, description, [one.name for one in session.get_outputs()])
    name = inputs[0].name

    def forward(pixels: NDArray[np.float32], /) -> NDArray[Any]:
        return np.asarray(session.run([description.output], {name: pixels})[0])

    return forward


def _check_input(
    packed: PackedExtractor, description: ExtractorDescription, inputs: list[tuple[list[int], str]]
) -> None:
    """Raises ImageLakeError unless there is one input of float32, whose sizes are the described ones, or free (-1)."""
    if len(inputs) == 1:
        ((sizes, dtype),) = inputs
        pairs = zip(sizes, description.shape, strict=False)
        if len(sizes) == 4 and all(size in (-1, wanted) for size, wanted in pairs) and dtype == "float32":
            return
    found = ", ".join(f"{dtype} {sizes}" for sizes, dtype in inputs)
    raise ImageLakeError(
        f"{description_file(packed.file)}: side = {description.side} and layout = {description.layout!r} describe one "
        f"input float32 {list(description.shape)}; {packed.file} has {found} (-1: any size)"
    )


def _check_output(packed: PackedExtractor, description: ExtractorDescription, names: Iterable[str]) -> None:
    if description.output not in names:
        raise unknown_choice(f"output in {description_file(packed.file)}:", description.output, names)


def _unreadable(packed: PackedExtractor, expected: str, error: Exception) -> ImageLakeError:
    (first, *_) = str(error).splitlines() or [""]
    return ImageLakeError(f"model.extractor = {packed.file} is no {expected} network: {first[:200]}")
