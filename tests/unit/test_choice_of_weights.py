"""Which network looks at the images is decided before anything runs, and never the one of drawn animals at photos."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from pathlib import Path

import pytest
from fetch_server import FileServer

from imagelake.cli.job_arguments import configuration_of, parser_of
from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import LocalInputs
from imagelake.lake.manifest import Manifest
from imagelake.runtime.job import impossible_without
from imagelake.runtime.options import network_settings
from imagelake.runtime.pipeline_options import pipeline_parser, pipeline_settings
from imagelake.runtime.resolve.network import check_drawn, check_network, check_network_choice, weights_files
from imagelake.samples import __file__ as samples
from imagelake.vision import imagenet_weights
from pipeline_steps import STEPS, job

EMBEDDED = Path(samples).parent / "weights" / "mobilenet_v1_0.25_128.weights.h5"
PHOTOS = ["source.type=folder", "source.path=photos"]
NAME = "mobilenet_1_0_224_tf.h5"


def config(*settings: str) -> Config:
    """A configuration as a command line makes it."""
    return load_config(settings=settings, network_of=network_settings)


def network(model: object) -> tuple[object, ...]:
    """The settings of [model] that belong together."""
    return tuple(getattr(model, key) for key in ("weights", "architecture", "alpha", "resolution", "classes"))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for weights instead of those of this machine's user: Keras' own in the folder keras."""
    monkeypatch.setenv("IMAGELAKE_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(imagenet_weights, "_PUBLISHED", "http://127.0.0.1:9")
    return tmp_path


def test_weights_say_which_network_they_are_of() -> None:
    """One setting is enough: the word imagenet, and any local file, bring architecture, width, size and classes."""
    assert network(config().model) == ("sample", "mobilenet_v1", 0.25, 128, "sample")
    assert network(config(*PHOTOS).model) == ("", "mobilenet_v1", 0.25, 128, "imagenet")
    assert network(config("model.weights=imagenet").model) == ("imagenet", "mobilenet_v1", 1.0, 224, "imagenet")
    assert network(config(f"model.weights={EMBEDDED}").model)[1:] == ("mobilenet_v1", 0.25, 128, "sample")
    chosen = ["model.alpha=0.5", "model.weights=imagenet", "model.resolution=160"]
    assert network(config(*chosen).model) == ("imagenet", "mobilenet_v1", 0.5, 160, "imagenet")


def test_a_published_file_says_it_too(shared_data: Path) -> None:
    """A thousand classes are ImageNet's."""
    file = shared_data / "weights" / "mobilenet_v2_1.0_224.weights.h5"
    assert network(config(f"model.weights={file}").model) == (str(file), "mobilenet_v2", 1.0, 224, "imagenet")


def test_photos_are_never_judged_by_the_network_of_drawn_animals() -> None:
    """It is refused for any other source, in one line that says what to give; so is a prediction without weights."""
    check_network_choice(config(), LocalInputs())
    for weights, says in (
        ("sample", "ten drawn animals.*--weights imagenet, or --weights FILE"),
        ("", "without weights"),
    ):
        with pytest.raises(ImageLakeError, match=says) as raised:
            check_network_choice(config(*PHOTOS, f"model.weights={weights}"), LocalInputs())
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "weights", "refused"),
    [
        ("file:///data/lake/sample_files", "sample", False),
        ("file:///data/photos", "imagenet", False),
        ("file:///data/photos", "sample", True),
        ("hdfs://namenode/open-images", "sample", True),
    ],
)
def test_a_job_by_hand_knows_whose_images_they_are(source: str, weights: str, refused: bool) -> None:
    """Without a word on the source, the default weights still meet the drawn images alone."""
    images = Manifest("image_bytes", "ingest_images", "run", "", "", "", {source: "digest"}, 3, [], "", 1.0, None, {})
    says = pytest.raises(ImageLakeError, match=f"came from {source}.*--set model.weights=imagenet")
    with says if refused else nullcontext():
        check_drawn(config(f"model.weights={weights}").model, images)


def test_without_weights_the_rest_runs() -> None:
    """Only what needs the network is left out; ranking and report go without."""
    left_out = {left.name for left in impossible_without("model", map(job, STEPS))}
    assert {"convert_model", "predict_images", "measure_accuracy", "build_image_index"} < left_out
    kept = {"ingest_images", "ingest_annotations", "explore_lake", "clean_labels", "rank_images", "write_report"}
    assert kept < set(STEPS) - left_out


@pytest.mark.parametrize("measure", ["quality", "entropy"])
def test_a_ranking_by_texture_needs_predictions(measure: str) -> None:
    """That is said before anything runs."""
    check = job("rank_images").check
    check(config(*PHOTOS), LocalInputs())
    check(config(f"rank.measure={measure}"), LocalInputs())
    with pytest.raises(ImageLakeError, match=f"rank.measure = '{measure}'.*there are no predictions.*or rank by ppi"):
        check(config(*PHOTOS, f"rank.measure={measure}"), LocalInputs())


@pytest.mark.parametrize("folder", ["", "keras/models"])
def test_weights_are_found_where_they_were_put(elsewhere: Path, folder: str) -> None:
    """In the user's own folder and in that of Keras, under Keras' name and under the one that tells the network."""
    model = config("model.weights=imagenet").model
    assert weights_files(model) == ()
    (elsewhere / folder).mkdir(parents=True, exist_ok=True)
    for name in (NAME, "mobilenet_v1_1.0_224.weights.h5"):
        file = elsewhere / folder / name
        file.touch()
        assert weights_files(model) == (f"file://{file}",)
        file.unlink()


def test_missing_weights_are_one_line_that_says_what_to_do(elsewhere: Path) -> None:
    """Without a network: the official file, its address, and where to put it; nothing half is left there."""
    with pytest.raises(ImageLakeError) as raised:
        check_network(config("model.weights=imagenet"), LocalInputs())
    said = str(raised.value)
    for part in (NAME, f"http://127.0.0.1:9/mobilenet/{NAME}", str(elsewhere), str(elsewhere / "keras/models"),
                 "IMAGELAKE_WEIGHTS", "--weights FILE", "states no hash"):  # fmt: skip
        assert part in said
    assert "\n" not in said
    assert not weights_files(config("model.weights=imagenet").model)


def test_missing_weights_are_fetched_once(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a network they come from where Keras publishes them, to where it keeps them; what came is looked into."""
    with FileServer({f"/mobilenet/{NAME}": EMBEDDED.read_bytes()}) as server:
        monkeypatch.setattr(imagenet_weights, "_PUBLISHED", server.url)
        for _ in range(2):
            with pytest.raises(ImageLakeError, match=r"holds mobilenet_v1 0.25 with 10 classes.*alpha = 1;"):
                check_network(config("model.weights=imagenet"), LocalInputs())
        assert server.asked(f"/mobilenet/{NAME}") == 1
    fetched = elsewhere / "keras" / "models" / NAME
    assert hashlib.sha256(fetched.read_bytes()).digest() == hashlib.sha256(EMBEDDED.read_bytes()).digest()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["model.classes=imagenet"], "10 classes.*'imagenet' lists 1,000"),
        (["model.alpha=0.5"], "holds mobilenet_v1 0.25.*model.alpha = 0.5; leave both out"),
        (["model.architecture=mobilenet_v2"], "holds mobilenet_v1.*'mobilenet_v2'"),
    ],
)
def test_weights_that_do_not_fit_are_found_first(settings: list[str], says: str) -> None:
    """Another network, or another number of classes, than the settings say."""
    check_network(config(f"model.weights={EMBEDDED}"), LocalInputs())
    with pytest.raises(ImageLakeError, match=says):
        check_network(config(f"model.weights={EMBEDDED}", *settings), LocalInputs())


@pytest.mark.usefixtures("elsewhere")
def test_published_weights_exist_for_some_sizes() -> None:
    """Others are refused with those that there are."""
    with pytest.raises(ImageLakeError, match=r"model.resolution = 96: .*128, 160, 192, 224"):
        check_network(config("model.weights=imagenet", "model.resolution=96"), LocalInputs())
    with pytest.raises(ImageLakeError, match=r"model.alpha = 0.35: .*0.25, 0.5, 0.75, 1.0"):
        check_network(config("model.weights=imagenet", "model.alpha=0.35"), LocalInputs())


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("imagnet", "there is no such file, and it is not the word sample or imagenet"),
        ("hdfs://host/w.h5", "say which it holds: --set model.weights=hdfs://host/w.h5, and model.architecture"),
    ],
)
def test_the_option_takes_a_word_or_a_local_file(weights: str, says: str) -> None:
    """Anything else is refused at once."""
    parsed = pipeline_parser("run", "").parse_args(["--weights", weights])
    with pytest.raises(ImageLakeError, match=says):
        pipeline_settings(parsed)


def test_a_single_job_takes_the_option_of_the_whole_run() -> None:
    """A job that reads the features of a run with --weights takes it in the same words, and refuses others alike."""
    words = ["--root", "lake", "--weights", "imagenet"]
    alone = configuration_of("train_classifier", parser_of("train_classifier", "submit").parse_args(words), local=True)
    whole = configuration_of("run_pipeline", parser_of("run_pipeline", "run").parse_args(words), local=True)
    assert network(alone.model) == network(whole.model)
    assert alone.model.classes == "imagenet"
    with pytest.raises(ImageLakeError, match="there is no such file, and it is not the word"):
        configuration_of(
            "predict_unseen", parser_of("predict_unseen", "submit").parse_args(["--weights", "no.h5"]), local=True
        )
