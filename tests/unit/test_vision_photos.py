"""The whole way from a file to classes and features, on real photos with real weights."""

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imagelake.vision.decode import decode_image
from imagelake.vision.engine import top_k, unit_length
from imagelake.vision.limits import Limits
from imagelake.vision.litert import LiteRtEngine, convert
from imagelake.vision.mobilenet import build_model
from imagelake.vision.preprocess import Framing, InputSettings, frame, normalise, prepare
from imagelake.vision.tensorflow_engine import TensorFlowEngine
from imagelake.vision.tensorflow_import import import_tensorflow


@pytest.fixture(scope="module")
def animals(shared_data: Path) -> Path:
    """The folder of animal photos, one folder a species."""
    return shared_data / "photos" / "caltech101_animals"


@pytest.fixture(scope="module")
def model(shared_data: Path) -> Any:
    """MobileNet v1, width 1, 224 x 224, trained on ImageNet."""
    weights = shared_data / "weights" / "mobilenet_v1_1.0_224.weights.h5"
    return build_model("mobilenet_v1", 1.0, 224, weights=weights)


@pytest.fixture(scope="module")
def flatbuffer(model: Any) -> bytes:
    """The same, converted."""
    return convert(model)


@pytest.fixture(scope="module")
def engine(flatbuffer: bytes) -> LiteRtEngine:
    """The same on LiteRT."""
    return LiteRtEngine(flatbuffer)


def prepared(files: list[Path], framing: Framing = "crop", size: int = 224) -> NDArray[np.uint8]:
    """Photos as a network's input, uint8 [N, size, size, 3]."""
    return np.stack([prepare(file.read_bytes(), InputSettings(size, framing)) for file in files])


@pytest.mark.parametrize(
    ("folder", "framing", "expected"),
    [
        ("elephant", "crop", 0.766),
        ("elephant", "squeeze", 0.812),
        ("flamingo", "crop", 0.701),
        ("flamingo", "squeeze", 0.731),
        ("panda", "crop", 0.500),
        ("panda", "squeeze", 0.526),
        ("kangaroo", "crop", 0.593),
        ("kangaroo", "squeeze", 0.663),
    ],
)
def test_accuracy_is_the_one_found_independently(
    engine: LiteRtEngine, animals: Path, folder: str, framing: Framing, expected: float
) -> None:
    """Top-1 accuracy on a species is within a point of the figure that another program found, cropped and squeezed."""
    with animals.with_name("caltech101_animals_labels.csv").open() as labels:
        classes = {row["folder"]: row["imagenet_classes"].split(";") for row in csv.DictReader(labels)}[folder]
    best, _ = top_k(engine.run(prepared(sorted((animals / folder).glob("*.jpg")), framing)).scores, 1)
    assert np.isin(best, [int(index) for index in classes]).mean() == pytest.approx(expected, abs=0.01)


def test_the_parrot_is_a_macaw(engine: LiteRtEngine, shared_data: Path) -> None:
    """The best class of the Open Images parrot is the macaw; the labels file starts with a class the weights lack."""
    names = (shared_data / "weights" / "imagenet_labels.txt").read_text().splitlines()[1:]
    scored = engine.run(prepared([shared_data / "photos" / "openimages_sample" / "parrot.jpg"]))
    assert "macaw" in names[top_k(scored.scores, 1)[0][0, 0]]


def test_both_engines_agree_on_photos(model: Any, engine: LiteRtEngine, animals: Path) -> None:
    """LiteRT and TensorFlow score a photo of every species within 1e-4, with features of cosine 0.99999 and more."""
    batch = prepared([min(folder.glob("*.jpg")) for folder in sorted(animals.iterdir())])
    ours, theirs = engine.run(batch), TensorFlowEngine(model).run(batch)
    assert len(batch) == 19
    assert np.abs(ours.scores - theirs.scores).max() <= 1e-4
    cosines = np.sum(unit_length(ours.features) * unit_length(theirs.features), axis=1)
    assert cosines.min() >= 0.99999


@pytest.mark.parametrize(("architecture", "alpha", "size"), [("mobilenet_v1", 0.25, 128), ("mobilenet_v2", 1.0, 224)])
def test_the_other_weights_load_and_the_engines_agree(
    shared_data: Path, animals: Path, architecture: str, alpha: float, size: int
) -> None:
    """The narrow network and v2 know most dalmatians, and both engines agree on them."""
    weights = shared_data / "weights" / f"{architecture}_{alpha}_{size}.weights.h5"
    model = build_model(architecture, alpha, size, weights=weights)
    batch = prepared(sorted((animals / "dalmatian").glob("*.jpg"))[:10], size=size)
    ours, theirs = LiteRtEngine(convert(model)).run(batch), TensorFlowEngine(model).run(batch)
    assert np.abs(ours.scores - theirs.scores).max() <= 1e-4
    assert np.mean(ours.scores.argmax(axis=1) == 251) >= 0.7


def test_preprocessing_is_that_of_keras(model: Any, animals: Path) -> None:
    """Squeezed pixels equal Keras's own loading of the file, and give the same features through its preprocessing."""
    keras = import_tensorflow().keras
    files = sorted((animals / "rooster").glob("*.jpg"))[:8]
    ours = prepared(files, "squeeze")
    theirs = np.stack(
        [
            keras.utils.img_to_array(keras.utils.load_img(file, target_size=(224, 224), interpolation="bilinear"))
            for file in files
        ]
    )
    assert np.array_equal(ours, theirs)
    theirs = keras.applications.mobilenet.preprocess_input(theirs)
    assert np.array_equal(normalise(ours), theirs)
    features = model(theirs, training=False)["features"].numpy()
    assert np.abs(TensorFlowEngine(model).run(ours).features - features).max() <= 1e-5


def test_halving_large_photos_hardly_moves_features(engine: LiteRtEngine, shared_data: Path) -> None:
    """Large photos decoded to no less than twice the input have features of cosine 0.998 with those of all pixels."""
    files = [shared_data / "photos" / "openimages_sample" / "cat_1080p.jpg"]
    files += sorted((shared_data / "damaged" / "exif_orientation").glob("*_1.jpg"))
    for framing in ("crop", "squeeze"):
        full = prepared(files, framing)
        halved = np.stack([frame(decode_image(file.read_bytes(), Limits(), 448), 224, framing) for file in files])
        assert not np.array_equal(halved, full)
        features = [unit_length(engine.run(batch).features) for batch in (halved, full)]
        assert np.sum(features[0] * features[1], axis=1).min() >= 0.998


def test_scaled_decoding_costs_few_classes(engine: LiteRtEngine, animals: Path) -> None:
    """Animals of just the size that is halved keep their best class, 95 of 100, and their features, cosine 0.998."""
    contents = [enlarged(file, 6 * 224) for file in sorted(animals.rglob("*.jpg"))[::20]]
    whole, halved = (
        np.stack([prepare(content, InputSettings(224, scaled_decode=scaled)) for content in contents])
        for scaled in (False, True)
    )
    assert not np.array_equal(whole, halved)
    full, scaled = engine.run(whole), engine.run(halved)
    assert np.mean(full.scores.argmax(axis=1) == scaled.scores.argmax(axis=1)) >= 0.95
    assert np.sum(unit_length(full.features) * unit_length(scaled.features), axis=1).min() >= 0.998


def enlarged(file: Path, shorter: int) -> bytes:
    """A photo as a JPEG of that many pixels on its shorter side."""
    with Image.open(file) as photo:
        scale = shorter / min(photo.size)
        large = photo.convert("RGB").resize([round(side * scale) for side in photo.size], Image.Resampling.LANCZOS)
    content = io.BytesIO()
    large.save(content, "JPEG", quality=90)
    return content.getvalue()


WORKER = """
import sys
from pathlib import Path
import numpy as np
from imagelake.vision.packed import PackedModel, open_engine
from imagelake.vision.preprocess import InputSettings, prepare
photo = prepare(Path(sys.argv[2]).read_bytes(), InputSettings(224))
engine = open_engine(PackedModel("litert", Path(sys.argv[1]).read_bytes()))
scores = engine.run(np.stack([photo] * 32)).scores
loaded = [name for name in ("tensorflow", "keras", "pyspark", "pandas") if name in sys.modules]
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(scores.shape, loaded, int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_a_worker_needs_little(flatbuffer: bytes, shared_data: Path, tmp_path: Path) -> None:
    """A process that scores 32 photos imports neither TensorFlow nor Spark and stays below 300 MiB."""
    (tmp_path / "model").write_bytes(flatbuffer)
    photo = shared_data / "photos" / "openimages_sample" / "parrot.jpg"
    command = [sys.executable, "-c", WORKER, str(tmp_path / "model"), str(photo)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.startswith("(32, 1000) [] ")
    assert int(shown.split()[-1]) < 300
