"""Puts onnxruntime-web's files into the wheel, beside the page of `gantk app` that needs them."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class OnnxRuntimeWeb(BuildHookInterface[Any]):
    """Fetches the files with npm where a wheel is built; without npm the wheel goes without, and says so."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        exports = Path(self.root) / "exports"
        sys.path.insert(0, str(exports))
        try:
            from gantk_exports.onnxruntime_web import FetchError, fetch, is_complete
        finally:
            sys.path.remove(str(exports))
        folder = Path(self.root) / "build" / "onnxruntime-web"
        try:
            if not is_complete(folder):
                fetch(folder)
        except FetchError as error:
            self.app.display_warning(f"onnxruntime-web is not in this wheel: {error}; `gantk app` will fetch it")
            return
        for file in folder.iterdir():
            build_data["force_include"][str(file)] = f"gantk_exports/web/onnxruntime/{file.name}"
