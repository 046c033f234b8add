"""The typed configuration of a run, from TOML.

``conf/default.toml`` holds every setting with its default; the models below hold types and bounds. A file or a
``--set section.key=value`` changes some of them; an unknown name is an error that lists the known ones.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError, ValidationInfo, field_validator

from imagelake.errors import ImageLakeError, unknown_choice

Ratio = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
Framing = Literal["crop", "squeeze"]
Precision = Literal["float32", "int8"]
LabelsFromBoxes = Literal["auto", "always", "never"]
Imbalance = Literal["none", "over", "under", "both", "class_weights", "balanced_softmax", "logit_adjustment"]
Classifier = Literal[
    "linear", "hidden", "conv1d", "cnn_large", "cnn_medium", "cnn_small", "mobilenet_v1", "mobilenet_v2",
    "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtSmall", "ConvNeXtTiny", "ConvNeXtXLarge", "DenseNet121", "DenseNet169",
    "DenseNet201", "EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4",
    "EfficientNetB5", "EfficientNetB6", "EfficientNetB7", "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2",
    "EfficientNetV2B3", "EfficientNetV2L", "EfficientNetV2M", "EfficientNetV2S", "InceptionResNetV2", "InceptionV3",
    "MobileNetV3Large", "MobileNetV3Small", "NASNetLarge", "NASNetMobile", "ResNet101", "ResNet101V2", "ResNet152",
    "ResNet152V2", "ResNet50", "ResNet50V2", "VGG16", "VGG19", "Xception",
]  # fmt: skip
"""What can be trained: a linear head, networks of this project, MobileNet, and the rest of tf.keras.applications."""
RENAMED_SETTINGS = {"source.kind": "source.type"}  # old name -> new name
# What weights that are called by a word say of the other settings of [model].
WEIGHTS_BY_NAME: dict[str, dict[str, Any]] = {
    "sample": {},
    "imagenet": {"architecture": "mobilenet_v1", "alpha": 1.0, "resolution": 224, "classes": "imagenet"},
}
NetworkOf = Callable[[str], Mapping[str, Any]]
"""What a weights file says of the settings of [model]."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UndeclaredSettingError(AssertionError):
    """A job reads a setting that it does not declare, so that its tables would stay as they are when that changes."""


class _Declared:
    """A section of which only some settings may be read."""

    def __init__(self, section: object, keys: Iterable[str], where: str) -> None:
        self._section, self._keys, self._where = section, frozenset(keys), where

    def __getattr__(self, key: str) -> Any:
        if key in self._keys:
            return getattr(self._section, key)
        if key.startswith("__"):
            raise AttributeError(key)
        raise UndeclaredSettingError(f"{self._where}.{key} is read by a job whose settings do not declare it")


class LakeSection(_Section):
    """Where the tables live."""

    root: str


class SourceSection(_Section):
    """Where images and metadata come from."""

    type: Literal["sample", "folder", "open_images", "arrays"]
    path: str
    arrays: tuple[str, ...]
    label_map: str
    keywords: str
    labels_from_boxes: LabelsFromBoxes
    error_on_no_images: bool


class SampleSection(_Section):
    """The drawn sample lake."""

    images: Annotated[int, Field(ge=0)]
    seed: int


class ImagesSection(_Section):
    """How image files are read and packed."""

    formats: tuple[str, ...]
    max_pixels: Positive
    max_bytes: Positive
    timeout_s: PositiveFloat
    row_group_bytes: Positive
    max_error_ratio: Ratio


class CleanSection(_Section):
    """Which labels are kept."""

    min_confidence: Ratio
    drop_labels: tuple[str, ...]
    roll_up_to: tuple[str, ...]
    unknown_images: Literal["reject", "keep"]
    label_issues: Literal["keep", "drop"]


class ModelSection(_Section):
    """The network, its weights and the preprocessing of images."""

    architecture: Literal["mobilenet_v1", "mobilenet_v2"]
    alpha: PositiveFloat
    resolution: Positive
    weights: str
    classes: str
    framing: Framing
    scaled_decode: bool
    engine: Literal["litert", "tensorflow"]
    precision: Precision
    calibration_images: Positive
    extractor: str
    head: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]*)?$")]
    features: Literal["float32", "float16"]
    batch_size: Positive
    top_k: Annotated[int, Field(ge=5)]
    max_error_ratio: Ratio

    @property
    def has_network(self) -> bool:
        """Whether there is a network at all: photos without weights are not predicted."""
        return bool(self.weights)

    @property
    def ships_converted(self) -> bool:
        """Whether this is the network of the drawn sample, whose converted file comes with the library."""
        network = (self.weights, self.classes, self.architecture, self.alpha, self.resolution)
        return network == ("sample", "sample", "mobilenet_v1", 0.25, 128) and (self.engine, self.precision) == (
            "litert",
            "float32",
        )

    @field_validator("precision")
    @classmethod
    def _of_the_engine(cls, precision: str, values: ValidationInfo) -> str:
        if precision == "int8" and values.data.get("engine") == "tensorflow":
            raise ValueError("int8 is LiteRT's; the engine tensorflow has float32 only")
        return precision


class AccuracySection(_Section):
    """The intervals and examples of accuracy."""

    confidence_level: Annotated[float, Field(gt=0, lt=1)]
    examples: Positive


class CompareSection(_Section):
    """Which variants of the network are compared, and on how many images."""

    weights: tuple[str, ...]
    resolutions: Annotated[tuple[Positive, ...], Field(min_length=1)]
    precisions: Annotated[tuple[Precision, ...], Field(min_length=1)]
    framings: tuple[Framing, ...]
    heads: tuple[str, ...]
    split: str
    images: Annotated[int, Field(ge=0)]


class TrainSection(_Section):
    """The classifier that is trained, the grid from which a head is chosen, and how a network is trained."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    model: Classifier
    features: str
    features_column: str
    label_column: str
    split_column: str
    id_column: str
    drop_columns: tuple[str, ...]
    labels: tuple[str, ...]
    min_images: Annotated[int, Field(ge=2)]
    l2: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]
    imbalance: Imbalance
    folds: Annotated[int, Field(ge=0, le=100)]
    choose_by: Literal["loss", "accuracy", "balanced_accuracy"]
    distrust_below: Ratio
    seed: int
    tolerance: PositiveFloat
    iterations: Positive
    memory_bytes: Positive
    learning_rate: PositiveFloat
    schedule: Literal["constant", "cosine"]
    epochs: Positive
    patience: Annotated[int, Field(ge=0)]
    batch_size: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)]
    weight_decay: Annotated[float, Field(ge=0)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    augment: bool
    hidden: Annotated[tuple[Positive, ...], Field(min_length=1)]
    unfrozen_blocks: Annotated[int, Field(ge=-1)]
    weights: str
    side: Annotated[int, Field(ge=0, le=1024)]

    @field_validator("folds")
    @classmethod
    def _two_or_none(cls, folds: int) -> int:
        if folds == 1:
            raise ValueError("one fold leaves nothing to learn from; 0 chooses by the split validation")
        return folds


class RunsSection(_Section):
    """The grid of runs that are compared, and by which measure."""

    models: Annotated[tuple[Classifier, ...], Field(min_length=1)]
    learning_rate: tuple[PositiveFloat, ...]
    imbalance: Annotated[tuple[Imbalance, ...], Field(min_length=1)]
    judge_by: Literal["accuracy", "balanced_accuracy"]


class IssuesSection(_Section):
    """Which labels count as probably wrong, by which head."""

    labels: Literal["one", "many"]
    head: str
    find_by: Literal["low_score", "noise_rate", "class", "both", "confident_learning", "differs"]
    below: Ratio
    rank_by: Literal["self_confidence", "margin"]
    outlier_score: Ratio


class UnseenSection(_Section):
    """The images from outside the lake that are to be predicted."""

    images: tuple[str, ...]


class VerdictsSection(_Section):
    """What people said of label issues."""

    file: str


class RankSection(_Section):
    """The measure and order of the ranking, and the selected ranks."""

    measure: Literal[
        "ppi", "pixels", "aspect_ratio", "byte_size", "bytes_per_pixel", "entropy", "gradient", "brightness",
        "contrast", "sharpness", "quality",
    ]  # fmt: skip
    order: Literal["largest", "smallest", "nearest"]
    target: float
    select_ranks: tuple[Positive, Positive]
    select_ppi: tuple[float, float]

    @field_validator("select_ranks", "select_ppi")
    @classmethod
    def _in_order(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if bounds[0] > bounds[1]:
            raise ValueError("the first bound is above the second, which would select nothing")
        return bounds


class IndexSection(_Section):
    """The sizes of the image index; 0 for a size by the lake's number of images."""

    exact_below: Annotated[int, Field(ge=0)]
    cells: Annotated[int, Field(ge=0)]
    code_bytes: Annotated[int, Field(ge=0)]
    probes: Annotated[int, Field(ge=0)]
    rerank: Annotated[int, Field(ge=0)]
    retrain_growth: Annotated[float, Field(ge=1)]


class DuplicatesSection(_Section):
    """How far duplicates are looked for, and when two images count as one."""

    neighbours: Positive
    cells: Positive
    min_features_cosine: Annotated[float, Field(ge=-1, le=1)]
    min_thumbnail_cosine: Annotated[float, Field(ge=-1, le=1)]
    hash_bits: Annotated[int, Field(ge=0, le=64)]
    hash_leaders: Positive
    shift: Annotated[int, Field(ge=0, le=8)]
    min_ssim: Annotated[float, Field(ge=-1, le=1)]
    max_distance: Annotated[float, Field(ge=0, le=256)]
    min_score: Ratio
    listed_score: Ratio


class JudgingSection(_Section):
    """The pairs and labels that a person judges, and the verdicts on pairs."""

    verdicts: tuple[str, ...]
    pairs: Annotated[int, Field(gt=0, le=1000)]
    side: Positive


class OverlapSection(_Section):
    """The other lakes that this one is compared with."""

    references: tuple[str, ...]
    by_image_id: bool
    features: bool


class SplitsSection(_Section):
    """How images are divided into splits."""

    shares: Annotated[dict[str, PositiveFloat], Field(min_length=1)]
    images: Literal["all", "sample"]
    existing: Literal["replace", "keep"]
    protected: tuple[str, ...]
    group_by: str
    seed: int

    @field_validator("shares")
    @classmethod
    def _add_up(cls, shares: dict[str, float]) -> dict[str, float]:
        if abs(sum(shares.values()) - 1) > 1e-9:
            raise ValueError(f"the shares add up to {sum(shares.values()):g}, not to 1")
        return shares


class SamplingSection(_Section):
    """The balanced sample."""

    per_label: Positive
    labels: tuple[str, ...]
    keyword_column: str
    avoid_overlap: bool
    shortfall: Literal["error", "record"]
    seed: int


class ExportSection(_Section):
    """The files that a data set is exported to."""

    format: Literal["huggingface", "webdataset", "cifar", "npz", "folders"]
    name: Annotated[str, Field(min_length=1)]
    images: Literal["all", "representatives", "sample"]
    splits: Literal["source", "chosen"]
    side: Annotated[int, Field(ge=0)]
    framing: Framing
    rows_per_file: Positive
    seed: int


class MapSection(_Section):
    """The map of the lake."""

    landmarks: Annotated[int, Field(ge=1, le=5_000)]


class SearchSection(_Section):
    """Queries, filters, number and order of results."""

    queries: tuple[str, ...]
    neighbours: Positive
    method: Literal["index", "exact"]
    order: Literal["similarity", "ppi", "both"]
    label: str
    split: str
    min_ppi: Annotated[float, Field(ge=0)]
    min_pixels: Annotated[int, Field(ge=0)]
    kind: Literal["any", "photo", "depiction"]
    exclude_duplicates: bool
    url_timeout_s: PositiveFloat
    url_max_bytes: Positive
    allow_networks: tuple[IPvAnyNetwork, ...]


class ShiftSection(_Section):
    """Which sets are compared, the columns of files, and the limits that a night's run must keep."""

    before: Annotated[tuple[str, ...], Field(max_length=1)]
    after: tuple[str, ...]
    training: str
    model: str
    id_column: str
    label_column: str
    prediction_column: str
    score_column: str
    probabilities_column: str
    model_column: str
    features_column: str
    property_columns: tuple[str, ...]
    selected_column: str
    voters_column: str
    confidence_level: Annotated[float, Field(gt=0, lt=1)]
    sample: Annotated[int, Field(ge=16)]
    permutations: Positive
    clusters: Positive
    strata: Annotated[int, Field(ge=2)]
    images: Annotated[int, Field(ge=0)]
    seed: int
    max_drop: Ratio
    max_auc: Ratio


class ReportSection(_Section):
    """What the report shows."""

    title: str
    gallery_images: Positive
    thumbnail_side: Positive
    top_labels: Positive
    finding_images: Positive
    finding_rows: Positive
    wrong_label_score: Ratio
    wrong_label_accuracy: Ratio
    tiny_side: Annotated[int, Field(ge=0)]
    blank_contrast: Annotated[float, Field(ge=0)]
    dark_brightness: Annotated[float, Field(ge=0)]
    blurred_sharpness: Annotated[float, Field(ge=0)]


class WebSection(_Section):
    """The pages of the browser app and its limits."""

    upload_max_bytes: Positive
    max_pixels: Positive
    decode_timeout_s: PositiveFloat
    queue_s: PositiveFloat
    bodies_max_bytes: Positive
    idle_s: PositiveFloat
    connections: Positive
    connections_per_client: Positive
    queries_kept: Positive
    queries_max_bytes: Positive
    results: Positive
    thumbnail_side: Positive
    thumbnail_cache_bytes: Positive
    searches_per_minute: Positive
    requests_per_minute: Positive
    renewed_every_s: Annotated[float, Field(ge=0)]


class MlflowSection(_Section):
    """Where runs of training are logged, besides the tables of the lake."""

    store: str
    experiment: Annotated[str, Field(min_length=1)]


class LineageSection(_Section):
    """Where events of the runs of jobs are sent."""

    url: str
    file: str
    namespace: Annotated[str, Field(min_length=1)]

    @field_validator("file")
    @classmethod
    def _one_of_both(cls, file: str, values: ValidationInfo) -> str:
        if file and values.data.get("url"):
            raise ValueError("give lineage.url or lineage.file, not both")
        return file


class Config(_Section):
    """The whole configuration of a run."""

    lake: LakeSection
    source: SourceSection
    sample: SampleSection
    images: ImagesSection
    clean: CleanSection
    model: ModelSection
    accuracy: AccuracySection
    compare: CompareSection
    train: TrainSection
    runs: RunsSection
    issues: IssuesSection
    verdicts: VerdictsSection
    unseen: UnseenSection
    rank: RankSection
    index: IndexSection
    duplicates: DuplicatesSection
    judging: JudgingSection
    overlap: OverlapSection
    splits: SplitsSection
    sampling: SamplingSection
    export: ExportSection
    map: MapSection
    search: SearchSection
    shift: ShiftSection
    report: ReportSection
    web: WebSection
    mlflow: MlflowSection
    lineage: LineageSection
    spark: dict[str, str]

    def declared(self, names: Iterable[str], job: str) -> Config:
        """The same configuration, of which a job can read what it declares alone; and where the lake is.

        Args:
            names: sections, or single settings as section.key.
            job: whose declaration it is.
        """
        chosen = set(names)
        hidden: dict[str, Any] = {}
        for section in type(self).model_fields.keys() - {"lake", *chosen}:
            keys = [name.partition(".")[2] for name in chosen if name.startswith(f"{section}.")]
            hidden[section] = _Declared(getattr(self, section), keys, f"{job}: {section}")
        return self.model_copy(update=hidden)

    def values(self, names: Iterable[str]) -> dict[str, Any]:
        """Setting -> value, as JSON knows it, of sections or single settings as section.key; sorted."""
        found: dict[str, Any] = {}
        for name in names:
            section, _, key = name.partition(".")
            dumped = self.model_dump(mode="json", include={section})[section]
            found |= {f"{section}.{one}": value for one, value in dumped.items() if key in ("", one)}
        return dict(sorted(found.items()))

    def digest(self, sections: Iterable[str]) -> str:
        """A short hash of some sections, or settings as section.key: equal for equal values."""
        values: dict[str, Any] = {}
        for name in sections:
            section, _, key = name.partition(".")
            dumped = self.model_dump(mode="json", include={section})[section]
            values[name] = dumped[key] if key else dumped
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def conf_text(name: str) -> str:
    """The text of a file under conf/, e.g. ``labels/synonyms.csv``: from the installed package or the source tree."""
    package = resources.files("imagelake")
    packed = package / "conf" / name
    if packed.is_file():
        return packed.read_text(encoding="utf-8")
    return (Path(str(package)).parents[1] / "conf" / name).read_text(encoding="utf-8")


def settings_help(sections: Sequence[str]) -> str:
    """The sections of conf/default.toml that matter, comments included, as the last part of --help."""
    blocks = conf_text("default.toml").split("\n\n[")
    wanted = [f"[{block.strip()}" for block in blocks[1:] if block.split("]")[0] in sections]
    return "settings (--set section.key=value):\n\n" + "\n\n".join(wanted) if wanted else ""


def load_config(
    files: Iterable[Path] = (),
    settings: Iterable[str] = (),
    named: Iterable[str] = (),
    network_of: NetworkOf = lambda _: {},
) -> Config:
    """The defaults, changed by TOML files and then by ``section.key=value`` settings, the later ones winning.

    What the weights say of the network counts where no file and no setting says it.

    Args:
        files: a user's TOML files.
        settings: as given to ``--set``.
        named: files of the project's own conf/, e.g. ``local.toml``, read before the user's.
        network_of: reads it from weights that are a file.

    Raises:
        ImageLakeError: a file is missing or no TOML, a name is unknown, or a value does not fit.
    """
    defaults = tomllib.loads(conf_text("default.toml"))
    known = {section: set(values) for section, values in defaults.items()}
    chosen: dict[str, dict[str, Any]] = {section: {} for section in defaults}
    for name in named:
        _merge(chosen, tomllib.loads(conf_text(name)), known, f"conf/{name}")
    for file in files:
        _merge(chosen, _read_toml(file), known, str(file))
    for setting in settings:
        _merge(chosen, _parse_setting(setting), known, f"--set {setting}")
    merged = {section: values | chosen[section] for section, values in defaults.items()}
    if merged["source"]["arrays"] and "type" not in chosen["source"]:
        merged["source"]["type"] = "arrays"
    source, weights = merged["source"]["type"], merged["model"]["weights"]
    merged["model"] = defaults["model"] | _implied(source, weights, network_of) | chosen["model"]
    if not weights and source == "sample":
        merged["model"]["weights"] = "sample"
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        raise ImageLakeError(_readable(error)) from None


def _implied(source: object, weights: object, network_of: NetworkOf) -> Mapping[str, Any]:
    """What a source and its weights say of the other settings of [model]; values are judged later."""
    if not isinstance(weights, str):
        return {}
    if not weights:
        # What folders are called is matched to ImageNet's classes before there are weights, and need not be again.
        return {} if source == "sample" else {"classes": "imagenet"}
    return WEIGHTS_BY_NAME[weights] if weights in WEIGHTS_BY_NAME else network_of(weights)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ImageLakeError(f"configuration file {file} does not exist") from None
    except (ValueError, RecursionError) as error:  # also text that is no UTF-8, and a number of thousands of digits
        raise ImageLakeError(f"configuration file {file} is not TOML: {error}") from None


def _parse_setting(setting: str) -> dict[str, Any]:
    name, equals, text = setting.partition("=")
    section, dot, key = name.partition(".")
    if not (equals and dot and section and key):
        raise ImageLakeError(f"--set {setting!r} is not of the form section.key=value, e.g. clean.min_confidence=0.9")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word such as hdfs://... is a string without quotes
    return {section: {key: value}}


def _merge(base: dict[str, Any], changes: Mapping[str, Any], known: Mapping[str, set[str]], origin: str) -> None:
    for section, values in changes.items():
        if section not in known:
            raise ImageLakeError(f"{origin}: {unknown_choice('section', section, known)}")
        if not isinstance(values, Mapping):
            raise ImageLakeError(f"{origin}: {section!r} is a section, not a value; write {section}.key=value")
        for key, value in values.items():
            if new_name := RENAMED_SETTINGS.get(f"{section}.{key}"):
                raise ImageLakeError(f"{origin}: {section}.{key} is now called {new_name}")
            if section != "spark" and key not in known[section]:
                raise ImageLakeError(
                    f"{origin}: {unknown_choice(f'setting of section [{section}]', key, known[section])}"
                )
            # Spark's properties are texts, and nobody quotes a number on the command line.
            is_text = section != "spark" or isinstance(value, str)
            base[section][key] = value if is_text else json.dumps(value)


def _readable(error: ValidationError) -> str:
    lines = (
        f"{'.'.join(str(part) for part in problem['loc'])} = {problem['input']!r}: {problem['msg']}"
        for problem in error.errors()
    )
    return "configuration: " + "; ".join(lines)
