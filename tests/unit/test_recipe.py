"""The recipe of a row: what it depends on besides the bytes of its image."""

from __future__ import annotations

from dataclasses import replace

from imagelake.runtime.recipe import recipe_of
from imagelake.transforms.ingest.image_headers import describe_file
from imagelake.transforms.predict.predict import predict_batch
from imagelake.vision.extractor import PackedExtractor
from imagelake.vision.libraries import decoder_versions, network_versions
from imagelake.vision.limits import Limits
from imagelake.vision.packed import PackedModel

MODEL = PackedModel("litert", b"network")


def test_a_recipe_changes_with_what_it_is_made_of() -> None:
    """Equal values give an equal recipe; another limit, another function with its code, or another order does not."""
    recipe = recipe_of(describe_file, Limits(), decoder_versions())
    assert recipe == recipe_of(describe_file, Limits(), decoder_versions())
    others = {
        recipe_of(describe_file, replace(Limits(), max_pixels=7), decoder_versions()),
        recipe_of(predict_batch, Limits(), decoder_versions()),
        recipe_of(describe_file, Limits(), ("pillow 1.0",)),
        recipe_of(describe_file, decoder_versions(), Limits()),
    }
    assert len(others | {recipe}) == 5


def test_the_digest_of_a_network_is_that_of_its_parts() -> None:
    """Another engine, network, extractor or description of it is another digest; its file's name is none of them."""
    extractor = PackedExtractor("a.tflite", b"extractor", "side = 1")
    digests = [
        one.digest
        for one in (
            MODEL,
            replace(MODEL, payload=b"another"),
            replace(MODEL, engine="tensorflow"),
            replace(MODEL, extractor=extractor),
            replace(MODEL, extractor=replace(extractor, payload=b"another")),
            replace(MODEL, extractor=replace(extractor, description_text="side = 2")),
        )
    ]
    assert len(set(digests)) == len(digests)
    assert replace(MODEL).digest == MODEL.digest


def test_the_libraries_are_named_with_their_versions() -> None:
    """Those that decode for headers; of a network also its engine's, and with an extractor those that run it."""
    decoders = [name.split()[0] for name in decoder_versions()]
    assert decoders == ["numpy", "pillow", "pillow-heif", "simplejpeg"]
    assert [name.split()[0] for name in network_versions(MODEL)] == [*decoders, "ai-edge-litert"]
    with_extractor = replace(MODEL, extractor=PackedExtractor("a.onnx", b"", ""))
    assert "onnxruntime" in [name.split()[0] for name in network_versions(with_extractor)]
    assert all(len(name.split()) == 2 for name in decoder_versions())
