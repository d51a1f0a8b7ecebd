"""A run's `manifest.json`: how it was started, on what, and what the data was."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gantk.data.dataset import Dataset
from gantk.data.infos import Contents, ImageInfo
from gantk.data.kinds import Holds, Kind, kind_called
from gantk.data.palettes import Palette
from gantk.documents import at_most
from gantk.errors import DataError

Text = Annotated[str, at_most(10_000)]
Credit = Annotated[str, at_most(1_000_000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class ImageFacts(BaseModel):
    """What the images of one key of a batch hold."""

    channels: int = Field(ge=1, le=65_536)
    dtype: Annotated[str, Field(pattern=r"^(bool|u?int(8|16|32|64)|float(16|32|64))$")]
    window: tuple[Finite, Finite]
    palette: list[Text] = Field(default_factory=list)
    shrink: int = Field(default=1, ge=1, le=64)

    @property
    def info(self) -> ImageInfo:
        """The same as the data knows it."""
        palette = Palette.read(self.palette) if self.palette else None
        return ImageInfo(self.channels, self.dtype, self.window, palette, self.shrink)

    @field_validator("palette")
    @classmethod
    def _is_palette(cls, entries: list[str]) -> list[str]:
        try:
            Palette.read(entries or ["0 nothing"])
        except DataError as error:
            raise ValueError(str(error)) from None
        return entries

    @field_validator("window")
    @classmethod
    def _spans(cls, window: tuple[float, float]) -> tuple[float, float]:
        if not window[0] < window[1]:
            raise ValueError("the second value should be above the first")
        return window


class DataFacts(BaseModel):
    """What a run was trained on."""

    model_config = ConfigDict(extra="allow")

    name: Text
    kind: Annotated[str, at_most(100)]
    summary: Text = ""
    licence: Text = ""
    credits: list[Credit] = Field(default_factory=list)
    fingerprint: Text
    classes: list[Text] = Field(default_factory=list)
    domains: list[Text] = Field(default_factory=list)
    columns: dict[Annotated[str, at_most(100)], Holds] = Field(default_factory=dict)
    images: dict[Annotated[str, at_most(100)], ImageFacts]
    words: dict[Annotated[str, at_most(100)], list[Text]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _of_version_0_1(cls, facts: Any) -> Any:
        """Say the kind, which version 0.1 did not: its recipes knew two."""
        if isinstance(facts, dict) and "kind" not in facts and isinstance(images := facts.get("images"), dict):
            return facts | {"kind": "paired" if "source" in images else "unpaired"}
        return facts

    def is_of(self, fingerprint: str) -> bool:
        """Return whether these are the contents of that fingerprint; runs of version 0.2 say nothing of captions."""
        return fingerprint == self.fingerprint or fingerprint.startswith(f"{self.fingerprint}-")

    @property
    def of_kind(self) -> Kind:
        """The kind of batches, as the run's plugins stated it."""
        return kind_called(self.kind, Kind(self.kind, self.columns))

    @property
    def contents(self) -> Contents:
        """What the columns of its batches hold."""
        images = {key: info.info for key, info in self.images.items()}
        return Contents(images, {key: tuple(words) for key, words in self.words.items()})


class Imported(BaseModel):
    """What a run that `gantk import` made says of its files."""

    model_config = ConfigDict(extra="allow")

    untrained_graphs: list[Text] = Field(default_factory=list)


class Manifest(BaseModel):
    """The facts that gantk reads again; whatever else is recorded is kept as it is."""

    model_config = ConfigDict(extra="allow")

    data: DataFacts
    imported: Imported = Field(default_factory=Imported)
    plugins: dict[Text, Text] = Field(default_factory=dict)
    pretrained: dict[Text, Text] = Field(default_factory=dict)


def data_facts(dataset: Dataset, kind: Kind, contents: Contents) -> DataFacts:
    """Return what a run's manifest says of its data."""
    return DataFacts(
        name=dataset.name,
        kind=str(kind),
        columns=dict(kind.columns),
        summary=dataset.summary,
        licence=dataset.licence,
        credits=list(dataset.credits),
        fingerprint=dataset.fingerprint(),
        classes=list(dataset.classes),
        domains=list(dataset.domains),
        images={
            key: ImageFacts(
                channels=int(info.channels),
                dtype=info.dtype,
                window=(float(info.window[0]), float(info.window[1])),
                palette=list(info.palette.entries) if info.palette else [],
                shrink=info.shrink,
            )
            for key, info in contents.images.items()
        },
        words={key: list(words) for key, words in contents.words.items()},
    )
