"""The image index: answers of brute force, whatever the sizes, filters and deletions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pytest

from imagelake.errors import ImageLakeError
from imagelake.search.description import IndexDescription
from imagelake.search.image_index import Effort, ImageIndex
from imagelake.search.index_files import TrainedIndex
from imagelake.search.parameters import IndexOverrides, choose_parameters, training_rows
from imagelake.search.quantizer import Quantizer
from imagelake.search.routing import SCANNED_EXACTLY
from imagelake.search.serving_folder import write_serving_folder
from imagelake.vision.engine import unit_length
from index_folder import MODEL, batches_of, brute_force, built, ids_of, numbers_of, recall

INDEXED = IndexOverrides(exact_below=0)  # cells and codes, however few the rows


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """On a busy machine threads of such small work only wait for each other."""
    faiss.omp_set_num_threads(1)


@pytest.fixture(scope="module")
def sift(shared_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """10,000 real SIFT vectors and 100 queries, of unit length."""
    folder = shared_data / "search" / "bigann10k"
    base, queries = np.load(folder / "base.npy"), np.load(folder / "queries.npy")
    return unit_length(base.astype(np.float32)), unit_length(queries.astype(np.float32))


@pytest.fixture(scope="module")
def index(sift: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> ImageIndex:
    """An index of them with cells and codes."""
    parameters = choose_parameters(len(sift[0]), 128, INDEXED)
    assert not parameters.is_exact
    return built(sift[0], tmp_path_factory.mktemp("index") / "sift", parameters)


CLUSTERS = 40


def clusters(rows: int, seed: int = 5) -> np.ndarray:
    """Vectors [rows, 32] of unit length, the n-th in the cluster n modulo 40, which lies where it does for any seed."""
    centres = np.random.default_rng(0).normal(size=(CLUSTERS, 32))
    noise = 0.3 * np.random.default_rng(seed).normal(size=(rows, 32))
    return unit_length((centres[np.arange(rows) % CLUSTERS] + noise).astype(np.float32))


def test_recall_on_real_vectors(index: ImageIndex, sift: tuple[np.ndarray, np.ndarray]) -> None:
    """At least 95 of 100 of the ten nearest by brute force are found, with their cosines."""
    base, queries = sift
    answers = index.search(queries, 10)
    expected = brute_force(base, queries, 10)
    assert recall(index, answers.rows, expected) >= 0.95
    best = np.take_along_axis(queries @ base.T, expected, axis=1)
    assert np.mean(np.abs(answers.cosines - best) < 1e-3) >= 0.95


def test_all_effort_gives_brute_force(index: ImageIndex, sift: tuple[np.ndarray, np.ndarray]) -> None:
    """With every cell probed and every candidate compared nothing is left to miss but ties of half precision."""
    base, queries = sift
    answers = index.search(queries, 10, effort=Effort(probes=index.parameters.cells, rerank=len(base)))
    assert recall(index, answers.rows, brute_force(base, queries, 10)) >= 0.995


def test_an_exact_index_gives_brute_force(sift: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    """What the rule scans exactly, without codes, has the ten nearest of brute force."""
    base, queries = sift[0][:5000], sift[1]
    parameters = choose_parameters(len(base), 128)
    assert parameters.is_exact
    exact = built(base, tmp_path / "exact", parameters)
    assert recall(exact, exact.search(queries, 10).rows, brute_force(base, queries, 10)) >= 0.995


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5])
def test_filters_lose_no_answer(index: ImageIndex, sift: tuple[np.ndarray, np.ndarray], share: float) -> None:
    """Every answer is allowed, and the ten nearest of the allowed images are found, be they few or many."""
    base, queries = sift
    chosen = np.random.default_rng(1).random(len(base)) < share
    rows = numbers_of(index)
    answers = index.search(queries, 10, allowed=chosen[rows])
    expected = brute_force(base, queries, min(10, int(chosen.sum())), chosen)
    assert chosen[rows[answers.rows[answers.rows >= 0]]].all()
    assert recall(index, answers.rows, expected) >= 0.99


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> ImageIndex:
    """More images than are compared one by one where a filter lets half of them through."""
    parameters = replace(choose_parameters(50_000, 32), cells=80, probes=20)
    return built(clusters(50_000), tmp_path_factory.mktemp("index") / "large", parameters)


@pytest.mark.parametrize("far", [False, True])
def test_filters_on_codes_lose_no_answer(large: ImageIndex, far: bool) -> None:
    """Filters that let through more than can be compared find the nearest, also where the nearest cells hold none."""
    vectors, queries = clusters(50_000), clusters(20, seed=6)
    own_half = np.arange(50_000) % CLUSTERS < CLUSTERS // 2  # the queries' own clusters
    chosen = ~own_half if far else np.random.default_rng(1).random(50_000) < 0.5
    assert chosen.sum() > SCANNED_EXACTLY
    rows = numbers_of(large)
    answers = large.search(queries, 10, allowed=chosen[rows])
    assert chosen[rows[answers.rows]].all()
    assert recall(large, answers.rows, brute_force(vectors, queries, 10, chosen)) >= 0.95


def test_no_image_is_allowed(index: ImageIndex, sift: tuple[np.ndarray, np.ndarray]) -> None:
    """A filter that lets nothing through has no answers, and no error."""
    answers = index.search(sift[1][:2], 3, allowed=np.zeros(len(index), bool))
    assert (answers.rows == -1).all()
    assert (answers.cosines == -np.inf).all()


@pytest.mark.parametrize("count", [0, 1, 7])
def test_fewer_images_than_asked(tmp_path: Path, count: int) -> None:
    """None, one or seven images give that many answers to a query for ten."""
    small = built(clusters(count), tmp_path / "small", choose_parameters(count, 32))
    answers = small.search(clusters(2, seed=9), 10)
    assert ((answers.rows >= 0).sum(axis=1) == count).all()


def test_rows_identifiers_and_vectors_belong_together(index: ImageIndex, sift: tuple[np.ndarray, np.ndarray]) -> None:
    """An identifier's row holds its vector; one that the index lacks has no row."""
    for number in (0, 17, 9_999):
        row = index.row_of(f"image-{number:06}")
        assert row is not None
        assert index.image_ids[row].as_py() == f"image-{number:06}"
        np.testing.assert_allclose(index.vector(row), sift[0][number], atol=1e-3)
    assert index.row_of("image-999999") is None
    assert index.row_of("") is None


def test_identifiers_outside_ascii_are_found(tmp_path: Path) -> None:
    """Paths with accents and symbols are found in whatever order their bytes have."""
    ids = ["ä/Ω.jpg", "z.jpg", "Z.jpg", "a/b.jpg", "é.jpg", "😀.png"]
    small = built(clusters(6), tmp_path / "named", choose_parameters(6, 32), ids)
    found = [small.row_of(name) for name in ids]
    assert [small.image_ids[row].as_py() for row in found] == ids


def test_deleted_images_are_no_answers(tmp_path: Path) -> None:
    """A folder written again without some images, with the same quantizer, does not answer with them."""
    vectors, parameters = clusters(2000), choose_parameters(2000, 32, INDEXED)
    quantizer = Quantizer.train(vectors, parameters)
    description = IndexDescription(MODEL, 32, parameters, 2000, 2000)
    query = vectors[:1]
    for kept in (np.arange(2000), np.arange(1, 2000)):
        batches = batches_of(vectors[kept], [ids_of(2000)[row] for row in kept], quantizer)
        write_serving_folder(batches, TrainedIndex(description, quantizer.to_bytes()), tmp_path / "index")
        opened = ImageIndex.open(tmp_path / "index")
        best = opened.image_ids[opened.search(query, 1).rows[0, 0]].as_py()
        assert (best == "image-000000") == (0 in kept)
    assert opened.row_of("image-000000") is None


def test_features_of_another_model_are_refused(index: ImageIndex) -> None:
    """Another width and another model's name are errors that name both sides."""
    with pytest.raises(ImageLakeError, match=r"queries of 128 features, as mobilenet_v1 1 at 224 px, crop gives"):
        index.search(np.ones((1, 64), np.float32), 3)
    with pytest.raises(ImageLakeError, match=r"features of mobilenet_v1 1 at 224 px, crop, .* those of mobilenet_v2"):
        index.description.require_model("mobilenet_v2")


def test_a_folder_that_is_no_index_is_refused(tmp_path: Path) -> None:
    """A missing folder and a half-written one are named."""
    with pytest.raises(ImageLakeError, match="no serving folder"):
        ImageIndex.open(tmp_path)
    (tmp_path / "index.json").write_text("{}")
    with pytest.raises(ImageLakeError, match="not the description"):
        ImageIndex.open(tmp_path)


def test_rows_out_of_order_are_refused(tmp_path: Path) -> None:
    """Rows that do not follow their cells would answer for the wrong images; a short vector would shift all others."""
    parameters = choose_parameters(2000, 32, INDEXED)
    quantizer = Quantizer.train(clusters(2000), parameters)
    description = IndexDescription(MODEL, 32, parameters, 2000, 2000)
    batches = list(batches_of(clusters(2000), ids_of(2000), quantizer))
    with pytest.raises(ImageLakeError, match="not in the order of their cells"):
        write_serving_folder(batches[::-1], TrainedIndex(description, quantizer.to_bytes()), tmp_path / "index")
    with pytest.raises(ImageLakeError, match="expected values of 66 bytes"):
        write_serving_folder(
            batches, TrainedIndex(replace(description, dimension=33), quantizer.to_bytes()), tmp_path / "index"
        )


def test_parameters_grow_as_the_root_of_the_images() -> None:
    """Few images are scanned, a million have 2,000 cells, nine million 6,000; overrides win if they divide."""
    assert choose_parameters(9_999, 1024).is_exact
    assert choose_parameters(1_000_000, 1024).cells == 2000
    assert choose_parameters(9_000_000, 1024).cells == 6000
    assert choose_parameters(1_000_000, 1024, IndexOverrides(code_bytes=64, probes=3)).code_bytes == 64
    with pytest.raises(ImageLakeError, match=r"code_bytes = 100: twice as many do not .* 1024 features .* 64 would do"):
        choose_parameters(1_000_000, 1024, IndexOverrides(code_bytes=100))
    with pytest.raises(ImageLakeError, match=r"cells = 3,000: there are 2,000 images to learn from"):
        choose_parameters(2000, 1024, IndexOverrides(exact_below=0, cells=3000))


def test_training_is_bounded() -> None:
    """However many images there are, the sample is no larger than half a gigabyte of features."""
    for rows in (0, 10_000, 10**6, 10**9):
        sample = training_rows(rows, choose_parameters(rows, 1024))
        assert sample <= min(rows, 131_072)
