"""The parameters of a search that the search page, the API and the terminal share, each with its bounds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from imagelake.search.filters import Filters
from imagelake.search.order import Order
from imagelake.search.page import Mode
from imagelake.search.query import ImageKind
from imagelake.serving.duplicate_groups import GroupKind

Text = Annotated[str, Field(max_length=2_000)]


class SearchParameters(BaseModel):
    """Which answers, and in which order. An empty value says nothing, as a form sends it."""

    model_config = ConfigDict(frozen=True)

    mode: Mode = Field("similar", description="similar: by features; label: the predicted label")
    order: Order = Field("similarity", description="of the nearest ones; label answers always come by PPI")
    label: Text | None = Field(None, description="images with this clean label or a narrower one")
    split: Text | None = Field(None, description="images of this split")
    min_ppi: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | None = Field(None, description="least PPI")
    min_pixels: Annotated[int, Field(ge=0, le=10**12)] | None = Field(None, description="least width x height")
    kind: ImageKind | None = Field(None, description="photo leaves out what boxes or features tell to be a depiction")
    duplicates: Literal["show", "hide"] = Field("show", description="hide: no file with exactly the query's bytes")
    page: Annotated[int, Field(ge=1, le=1_000)] = Field(1, description="1 is the first")

    @field_validator("*", mode="before")
    @classmethod
    def _unsaid(cls, value: Any, info: ValidationInfo) -> Any:
        return cls.model_fields[info.field_name or ""].default if value == "" else value

    @property
    def filters(self) -> Filters:
        """Which images may be answers."""
        hide = self.duplicates == "hide"
        return Filters(self.label, self.split, self.min_ppi or 0.0, self.min_pixels or 0, self.kind, hide)

    @property
    def has_filters(self) -> bool:
        """Whether any filter is set."""
        return self.filters != Filters()

    def link_parameters(self) -> dict[str, Any]:
        """The parameters that differ from the defaults, for links."""
        return self.model_dump(exclude_defaults=True)


class QueryParameters(SearchParameters):
    """Search parameters and the one query they are for: a photo that was shown before, or an image of the lake."""

    query: Text | None = Field(None, description="the token of a photo that was sent before")
    image: Text | None = Field(None, description="an image_id of the lake")


class WordParameters(BaseModel):
    """A search by words."""

    model_config = ConfigDict(frozen=True)

    words: Text = Field("", description="a label, a synonym of one, or some words of its name")
    page: Annotated[int, Field(ge=1, le=1_000)] = Field(1, description="1 is the first")


class DuplicateParameters(BaseModel):
    """Which groups of duplicates, or the images of which one. An empty value says nothing, as a form sends it."""

    model_config = ConfigDict(frozen=True)

    show: GroupKind | None = Field(
        None,
        description="groups with exact copies; with near ones; whose labels exclude each other; that lie in two splits",
    )
    group: Text | None = Field(None, description="the image to keep of one group: all of its images, page by page")
    page: Annotated[int, Field(ge=1, le=100_000)] = Field(1, description="1 is the first")

    @field_validator("show", "group", mode="before")
    @classmethod
    def _unsaid(cls, value: Any) -> Any:
        return None if value == "" else value

    def link_parameters(self) -> dict[str, Any]:
        """The parameters that differ from the defaults, for links."""
        return self.model_dump(exclude_defaults=True)
