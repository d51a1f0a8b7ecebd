"""A network that others trained: found as a file, frozen, and kept out of whatever a run saves."""

import copy
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Self

import torch
from torch import Tensor, nn

from gantk.errors import GantkError, UsageError
from gantk.parts.networks import Network
from gantk.parts.weights import read_weights


class Pretrained(nn.Module):
    """A network whose weights a file gives: it computes, and gradients pass through it, but it never trains.

    It has no parameters and no state of its own, so it is in no player, no checkpoint and no average; it goes where its
    recipe goes. A copy shares its weights.

    Attributes:
        file: the file with its weights: its whole path once it was read.
        option: the option that says the file, or empty.
        digest: SHA-256 of the file in hexadecimal; empty where it was not read.
    """

    _network: Network

    def __init__(self, module: nn.Module, autocast: torch.dtype | None, file: Path, option: str) -> None:
        super().__init__()
        # Not as an attribute of a module: torch would register it, and save it with the recipe.
        object.__setattr__(self, "_network", Network(module.requires_grad_(False), "pretrained", autocast).eval())
        self.file = file
        self.option = option
        self.digest = ""
        self._lacking: GantkError | None = None

    def read(self, *, needed: bool) -> None:
        """Find the file and take its weights. Raises GantkError; where they are not needed, only when it is called."""
        try:
            self.file = found_file(self.file, self.option)
            state, digest = read_weights(self.file)
            module = self._network.module
            module.load_state_dict(self._fitting(state, module.state_dict()), strict=False)
            self.digest = digest
        except GantkError as error:
            if needed:
                raise
            self._lacking = error

    def forward(self, *inputs: Any) -> Any:
        if self._lacking is not None:
            raise self._lacking
        return self._network(*inputs)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._network._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        # Of a large network a copy at each preview would take much memory, and nothing writes into its tensors.
        for parameter in self._network.parameters():
            memo[id(parameter)] = nn.Parameter(parameter.detach(), requires_grad=False)
        for buffer in self._network.buffers():
            memo[id(buffer)] = buffer.detach()
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied

    def _fitting(self, held: Mapping[str, Tensor], needed: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what the network needs of a file's tensors, of which there may be more."""
        # Files of before 2018 lack these counts, which nothing reads here.
        names = [name for name in needed if name in held or not name.endswith("num_batches_tracked")]
        apart = ""
        for name in names:
            there, here = held.get(name), needed[name]
            if there is None:
                apart = f"it has no {name}, but {', '.join(list(held)[:3])}{', ...' * (len(held) > 3)}"
            elif there.shape != here.shape:
                apart = f"{name} is {tuple(there.shape)} there and {tuple(here.shape)} here"
            elif there.dtype != here.dtype:
                apart = f"{name} is {there.dtype} there and {here.dtype} here".replace("torch.", "")
            if apart:
                said = f" (option {self.option})" if self.option else ""
                raise GantkError(f"{self.file}{said} holds another network than the recipe makes: {apart}")
        return {name: held[name] for name in names}


def pretrained_in(recipe: nn.Module) -> list[Pretrained]:
    """Return the pretrained networks of a recipe."""
    return [module for module in recipe.modules() if isinstance(module, Pretrained)]


def found_file(said: Path, option: str) -> Path:
    """Return the whole path of a pretrained network's file, by its path, or by its name where torch keeps downloads.

    The name may be that of a model of torchvision's. Raises UsageError where it is not there; nothing is downloaded.
    """
    path = said.expanduser().absolute()
    url = _torchvision(said.name) if said.name == str(said) else ""
    downloaded = Path(torch.hub.get_dir()) / "checkpoints" / (PurePosixPath(url) if url else said).name
    for place in (path, downloaded):
        if place.is_file():
            return place.absolute()
    if path.exists():
        return path
    of = f" of option {option}" if option else ""
    elsewhere = f"say where it is, -s {option}=FILE" if option else "name another in the recipe"
    if url:
        raise UsageError(
            f"the pretrained network {said}{of} is not there, and nothing is downloaded: save {url} as {downloaded}, "
            f"or {elsewhere}"
        )
    raise UsageError(
        f"{path}, the pretrained network{of}, is not there: put it there or at {downloaded}, or {elsewhere}"
    )


def _torchvision(name: str) -> str:
    """Return where torchvision takes the weights of a model from, or nothing where it knows no model of that name."""
    if not name.isidentifier():
        return ""
    from torchvision.models import get_model_weights

    try:
        return str(get_model_weights(name).DEFAULT.url)
    except ValueError:
        return ""
