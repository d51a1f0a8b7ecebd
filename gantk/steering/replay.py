"""A run repeated: what differs from when it was trained, and whether the weights came out the same."""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from gantk.errors import GantkError
from gantk.plan.device import choose_device
from gantk.plan.moved import plugin_digest
from gantk.plan.open_data import open_data
from gantk.runs.config import Config
from gantk.runs.run import Run


def repeated(run: Run) -> tuple[Config, list[str]]:
    """Return the configuration of a run, and what differs from when it was trained, a line each. Raises GantkError."""
    config = run.config
    return config, list(_differences(run, config))


def _differences(run: Run, config: Config) -> Iterator[str]:
    facts = run.manifest
    extra: Mapping[str, Any] = facts.model_extra or {}
    versions = extra.get("versions")
    for name, was in versions.items() if isinstance(versions, Mapping) else ():
        if (now := _version(name)) != was:
            yield f"{name} is {now or 'not installed'}, where it was {was}"
    for what, now in (
        ("python", platform.python_version()),
        ("platform", platform.platform()),
        ("device", _device(config)),
    ):
        if extra.get(what) not in (None, now):
            yield f"{what} is {now}, where it was {extra[what]}"
    if not facts.data.is_of(open_data(config).fingerprint()):
        yield f"the images are not those that it was trained on ({facts.data.summary})"
    for name, digest in facts.plugins.items():
        path = next((Path(said) for said in config.plugins if Path(said).stem == name), None)
        if path is not None and path.is_file() and plugin_digest(path) != digest:
            yield f"the plugin file {path} has changed"
    if (processes := extra.get("processes", 1)) != 1:
        yield f"it was trained by {processes} processes: start as many, by torchrun"
    for said in extra.get("changed", ()):
        yield f"it was told otherwise while it was trained ({said}); here that holds from the first step on"


def outcome(run: Run, again: Run) -> str:
    """Return whether a run that was repeated has the weights of the first, at the last step that both keep."""
    there, here = ({int(path.name): path for path in one.checkpoints().all()} for one in (run, again))
    if not (common := there.keys() & here.keys()):
        return f"{run.path} keeps no checkpoint of a step of {again.path}: nothing is compared"
    step = max(common)
    different = [
        file.name.removesuffix(".safetensors")
        for file in sorted(there[step].glob("*.safetensors"))
        if not file.name.startswith("random-") and not _alike(file, here[step] / file.name)
    ]
    if not different:
        return f"step {step} is that of {run.path}, bit for bit"
    return f"step {step} is not that of {run.path}: {', '.join(different)} differ"


def _alike(file: Path, other: Path) -> bool:
    try:
        return other.is_file() and file.read_bytes() == other.read_bytes()
    except OSError as error:
        raise GantkError(f"cannot compare {file} and {other}: {error.strerror}") from error


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _device(config: Config) -> str:
    device = choose_device(config.device)
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
