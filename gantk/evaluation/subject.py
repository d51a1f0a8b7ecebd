"""What a metric measures: the functions of a run or a model, and data that is opened for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gantk.data.cropping import Cropping
from gantk.data.dataset import Dataset, Group, Split, image_columns
from gantk.data.infos import image_infos, windows_of
from gantk.data.kinds import Kind, aligned_keys, kind_called, poorest, scaled, served
from gantk.data.palettes import Palette
from gantk.data.samples import read_rows
from gantk.data.stream import as_tensors, on_device
from gantk.data.views import open_split
from gantk.errors import Unsupported
from gantk.evaluation.domains import across
from gantk.evaluation.functions import piece
from gantk.recipe.graph import Input
from gantk.recipe.metric import Function, Translated
from gantk.recipe.ports import Caption
from gantk.recipe.recipe import Batch
from gantk.runtime.card import Task
from gantk.runtime.scale import scaled as scaled_length
from gantk.sizes import Sides, sides_of


@dataclass(frozen=True)
class _Some(Group):
    """Some rows of a group."""

    rows: Sequence[int]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(kw_only=True)
class OpenSubject:
    """The functions of a run or a model, and the data that they are held against.

    Attributes:
        functions: the graphs that may be measured, by name.
        dataset: the data.
        size: height and width in pixels to which its images are brought, one number where they are equal.
        channels: channels of the images that the functions take and give, by batch key.
        seed: what is drawn follows from it.
        device: where a metric's own networks may compute.
        used: the graphs that were asked for.
        scaled: the kind of batches of two sizes, as it was trained on.
        most: how many rows of a share there are for a metric, spread evenly over it; None: all.
        read: how many rows of each share ("held-out", "training") were read at most.
    """

    functions: Mapping[str, Function]
    dataset: Dataset
    size: int | Sides
    channels: Mapping[str, int]
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    used: list[str] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=dict)
    scaled: Kind = field(default_factory=scaled)
    most: int | None = None

    def function(self, *tasks: Task, gives: str | None = None) -> Function:
        """Return the first graph of the first of these tasks that has one, and that gives an output of that name.

        Raises Unsupported where there is none.
        """
        for task in tasks:
            for name, function in self.functions.items():
                outputs = [output if isinstance(output, str) else output.name for output in function.outputs]
                if function.task == task and (gives is None or gives in outputs):
                    if name not in self.used:
                        self.used.append(name)
                    return function
        wanted = " or ".join(f"{task}s" for task in tasks) + (f" and gives {gives}" if gives else "")
        there = ", ".join(f"{name} ({function.task}s)" for name, function in self.functions.items())
        raise Unsupported(f"needs a graph that {wanted}; here: {there}")

    def generated(self, count: int, **said: Tensor) -> Tensor:
        """Return images (count, C, H, W) of the numbers that the seed stands for, or of inputs that are said.

        A caption that is not said is that of a held-out image.
        """
        function = self.function("generate")
        ports = [port for port in function.inputs if not isinstance(port, str)]
        if unknown := said.keys() - {port.name for port in ports}:
            raise Unsupported(f"needs an input {min(unknown)}, which graph {function.name} has not")
        made = []
        for rows in torch.split(torch.arange(count), piece(sides_of(self.size), ports)):
            first = int(rows[0])
            values = (
                said[port.name][rows] if port.name in said else self._unsaid(port, range(first, first + len(rows)))
                for port in ports
            )
            made.append(function(*values)[0])
        return torch.cat(made)

    def translated(self) -> Iterator[Translated]:
        """Yield all held-out images, what the graph makes of them, and what it should make, in pieces.

        Latents and categories are drawn for each image, scalars have their defaults, captions are those of the images.
        The domain that is asked for is that of the data's second side, where it has two. Label maps are shown in their
        colours. What comes out larger is made of images that are so many times smaller: of the batches', or else their
        areas are averaged.
        """
        function = self.function("translate")
        keys = [port for port in function.inputs if isinstance(port, str)]
        target, known = str(function.outputs[0]), aligned_keys()
        names = {key: known.get(key, key) for key in (*keys, target)}
        texts = {self._texts(port.name)[1] for port in function.inputs if isinstance(port, Caption)}
        moved = across(function, self.dataset)
        if moved is not None:
            groups = dict.fromkeys(keys, self._group(moved.kind, *moved.keys, test=True))
            names, truth = dict.fromkeys(keys, moved.source), moved.truth
        elif kind := self._together({*names.values(), *texts}):
            groups = dict.fromkeys(keys, self._group(kind, test=True))
            truth = names[target] if target not in keys[1:] else ""
        else:
            groups = {key: self._group(poorest(key), key, test=True) for key in keys}
            names, truth = {key: key for key in keys}, keys[0] if keys[0] == target and target not in keys[1:] else ""
        count = len(groups[keys[0]])
        self._note(count, test=True)
        # Of two images of one key, the second is the next row's.
        later = [keys[:place].count(key) for place, key in enumerate(keys)]
        for rows in torch.split(torch.arange(count), piece(sides_of(self.size), function.inputs)):
            asked = {(key, after): (rows + after) % len(groups[key]) for key, after in zip(keys, later, strict=True)}
            batches = {(key, after): self._read(groups[key], at.tolist()) for (key, after), at in asked.items()}
            images = [batches[key, after][names[key]] for key, after in zip(keys, later, strict=True)]
            real = batches[keys[0], 0][truth] if truth else None
            if real is None or real.shape[-2] != scaled_length(images[0].shape[-2], function.scale):
                images = [_smaller(image, function.scale) for image in images]
                real = None if real is None else _smaller(real, 1 / function.scale)
            taken, drawn = iter(images), range(int(rows[0]), int(rows[0]) + len(rows))
            told = moved.told(batches[keys[0], 0]) if moved is not None else {}
            values = (
                next(taken) if isinstance(port, str) else told.get(port.name, self._unsaid(port, drawn))
                for port in function.inputs
            )
            made, group = function(*values)[0], groups[keys[0]]
            if real is not None:
                made, real = _shown(group, truth, made), _shown(group, truth, real)
            yield Translated(_shown(group, names[keys[0]], images[0]), made, real)

    def count(self, key: str, *, test: bool) -> int:
        """Return how many images of a batch key are held out, or trained on."""
        return len(self._group(poorest(key), key, test=test))

    def images(self, key: str, *, test: bool, rows: slice | int = slice(None)) -> Tensor:
        """Return held-out or training images (N, C, H, W): the rows named, or so many spread evenly over the share."""
        group = self._group(poorest(key), key, test=test)
        count = len(group)
        if isinstance(rows, int):
            chosen: Sequence[int] = _spread(rows, count)
        else:
            chosen = range(count)[rows]
        images: Tensor = self._read(group, chosen)[key]
        self._note(len(chosen), test=test)
        return images

    def labelled(self, *, test: bool) -> tuple[Tensor, Tensor]:
        """Return all held-out or training images (N, C, H, W) and their labels (N,)."""
        group = self._group("labelled", test=test)
        batch = self._read(group, range(len(group)))
        self._note(len(group), test=test)
        return batch["image"], batch["label"].long()

    def _unsaid(self, port: Input, rows: range) -> Tensor:
        """Return what an input that nobody says is in these rows: drawn, a default, or the caption of a held-out image.

        Raises Unsupported where the data has no captions.
        """
        if isinstance(port, Caption):
            group = self._group(*self._texts(port.name), test=True)
            (texts,) = group.columns.values()
            return port.read([str(texts[_row(group, row % len(group))]) for row in rows])
        assert not isinstance(port, str)
        return port.fixed(len(rows), self.seed, rows.start)

    def _texts(self, name: str) -> tuple[str, str]:
        """Return the kind that has a text for each image, and its key: that of the name, or else the first."""
        for kind in served(self.dataset.kinds):
            if keys := kind_called(kind).keys("texts"):
                return kind, name if name in keys else keys[0]
        raise Unsupported(f"needs captions for {name}; {self.dataset.name} has none")

    def _together(self, keys: set[str]) -> str:
        """Return the kind that the data serves whose rows hold several of these that belong together; empty: none."""
        known = served(self.dataset.kinds)
        holding = (kind for kind in known if keys <= set(kind_called(kind).keys("images", "label maps", "texts")))
        return next((kind for kind in holding if len(keys) > 1), "")

    def _group(self, kind: str, *keys: str, test: bool) -> Group:
        """Return the columns of a kind of batches, those named or all. Raises Unsupported where it has no rows."""
        known = served(self.dataset.kinds)
        if kind not in known:
            raise Unsupported(f"needs {kind} batches; {self.dataset.name} serves {', '.join(known)}")
        split = open_split(self.dataset, self.scaled if kind == self.scaled else kind, test, self.size)
        group = next(group for group in split.groups if not keys or keys[0] in group.columns)
        if not len(group):
            raise Unsupported(f"needs {_share(test)} images; {self.dataset.name} has none")
        group = Group({key: group.columns[key] for key in keys}) if keys else group
        return group if self.most is None else _Some(group.columns, _spread(self.most, len(group)))

    def _read(self, group: Group, rows: Sequence[int]) -> Batch:
        cut = Cropping(self.size, random=False, flip=False)
        columns = image_columns(group.columns)
        aligned = aligned_keys()
        known = {aligned.get(key, key): channels for key, channels in self.channels.items()} | dict(self.channels)
        for key, column in columns.items():
            wanted = known.get(key, column.channels)
            if column.channels != wanted:
                raise Unsupported(
                    f"needs images of {wanted} channels ({key}); those of {self.dataset.name} have {column.channels}"
                )
        read = as_tensors(read_rows(group, [_row(group, row) for row in rows], cut, [()] * len(rows)))
        windows = windows_of(image_infos(Split((group,))))
        return on_device(read, windows, torch.device("cpu"))

    def _note(self, count: int, *, test: bool) -> None:
        share = _share(test)
        self.read[share] = max(count, self.read.get(share, 0))


def _spread(rows: int, count: int) -> Sequence[int]:
    """Return so many of `count` numbers from 0 on, evenly apart; all where there are no more."""
    return [round(i * (count - 1) / max(rows - 1, 1)) for i in range(rows)] if rows < count else range(count)


def _row(group: Group, row: int) -> int:
    """Return where a row of a group lies in its columns."""
    return group.rows[row] if isinstance(group, _Some) else row


def _shown(group: Group, key: str, values: Tensor) -> Tensor:
    """Return images as they are, and label maps in the colours of their classes."""
    palette: Palette | None = getattr(group.columns[key], "palette", None)
    return palette.coloured(values) if palette is not None else values


def _smaller(images: Tensor, times: float) -> Tensor:
    """Return images (N, C, H, W) so many times smaller; as they are where that is less than 1.

    Raises Unsupported where that is no whole number of pixels.
    """
    if times <= 1:
        return images
    height, width = images.shape[-2:]
    if height % round(times) or width % round(times):
        raise Unsupported(f"needs images of a multiple of {times:g} pixels: say --size")
    # Between two classes there is none.
    step = round(times)
    return avg_pool2d(images, step) if images.is_floating_point() else images[..., ::step, ::step]


def _share(test: bool) -> str:
    return "held-out" if test else "training"
