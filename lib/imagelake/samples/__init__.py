"""Sample lakes: drawn animals in files of the Open Images format, with a record of all planted facts."""

from imagelake.samples.painting.drawing import draw_animal, training_images
from imagelake.samples.painting.labels import LABELS, SampleLabel

from .facts import ImageFact, NearDuplicate, PlantedFacts
from .lake import write_sample_lake
from .raw_files import CLEAN_REASONS, INGEST_REASONS, FileFact

__all__ = [
    "CLEAN_REASONS",
    "INGEST_REASONS",
    "LABELS",
    "FileFact",
    "ImageFact",
    "NearDuplicate",
    "PlantedFacts",
    "SampleLabel",
    "draw_animal",
    "training_images",
    "write_sample_lake",
]
