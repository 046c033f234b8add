"""The file of each image: drawn and encoded, copied, altered or damaged as its plan says."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from imagelake.samples.painting.drawing import Drawing, draw

from .encoders import EncodedImage, encode, encode_jpeg
from .facts import ImageFact
from .plan import ImagePlan, plan_image


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image's plan, what is drawn on it and what is stored; both None when its bytes are missing."""

    plan: ImagePlan
    drawing: Drawing | None = None
    stored: EncodedImage | None = None

    @property
    def path(self) -> str:
        """Path within the lake's folder, empty when nothing is stored."""
        return f"images/{self.plan.split}/{self.plan.image_id}.{self.stored.extension}" if self.stored else ""

    def fact(self) -> ImageFact:
        """The planted facts of this image."""
        plan, stored, damage = self.plan, self.stored, self.plan.damage
        held = stored if stored and not damage else EncodedImage(b"", "", "", "", 0, 0)
        return ImageFact(
            image_id=plan.image_id,
            split=plan.split,
            part=plan.part,
            listed=plan.listed,
            file=self.path,
            truth=plan.truth,
            given="" if plan.part == "unlabelled" else plan.given,
            damage=damage.type if damage else "",
            partly_decodable=damage is not None and damage.partly_decodable,
            format=held.format,
            mode=held.mode,
            width=held.width,
            height=held.height,
            orientation=held.orientation,
            byte_size=len(stored.data) if stored else 0,
        )


def make_image_file(plan: ImagePlan) -> ImageFile:
    """Draw and encode the image of a plan."""
    if plan.part == "missing_bytes":
        return ImageFile(plan)
    drawing = draw(plan.truth, plan.seed, plan.drawn_index)
    return ImageFile(plan, drawing, _stored(plan, drawing.image))


def _stored(plan: ImagePlan, picture: Image.Image) -> EncodedImage:
    if plan.damage:
        data = plan.damage.spoil(picture, plan.image_id)
        return EncodedImage(data, plan.damage.extension, "", "", 0, 0)
    if plan.part == "near_copy":
        return encode_jpeg(_altered(picture, plan.near_change), 60)
    # A copy equals its original because it uses the original's random numbers.
    return encode(picture, plan_image(plan.seed, plan.drawn_index).dice("encoding"))


def _altered(picture: Image.Image, change: str) -> Image.Image:
    """A near copy: the picture re-encoded or altered as by web tools."""
    width, height = picture.size
    if change == "resized":
        return picture.resize((round(width * 0.8), round(height * 0.8)), Image.Resampling.LANCZOS)
    if change == "cropped":
        across, down = max(1, width // 32), max(1, height // 32)
        return picture.crop((across, down, width - across, height - down))
    return picture.point([min(255, round(v * 1.08)) for v in range(256)] * 3) if change == "brightened" else picture
