"""What a training shows of itself as it stands: its previews, and what an export would have."""

from pathlib import Path
from typing import Any

from gantk.data.held_out import held_out_batch, held_out_rows
from gantk.data.infos import palettes_in
from gantk.parts.iterated import shortened
from gantk.plan.exportable import check_exportable
from gantk.runs.scalars import ScalarLog
from gantk.training.previews import draw_preview, preview_columns, preview_rows, save_preview
from gantk.training.shipped import Shipped, shipped, shipped_settled
from gantk.training.training import Training


class Exhibits:
    """What a training shows of itself, at the size of the present stage."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self._rows: list[int] | None = None
        self._warned = False

    def ship(self) -> Shipped:
        """Return what an export would have as the training stands, and warn once where that is not what is trained."""
        training = self.training
        progress = training.context.progress
        inference, images = training.course.inference(progress), training.course.images_a_pass(progress)
        palettes = palettes_in(training.data.images)
        batches = training.other_batches
        made = shipped_settled(training.recipe, training.averages, inference, images, batches, palettes)
        batches.close()
        if made.settled.warning and not self._warned:
            training.say(f"warning: {made.settled.warning}")
            self._warned = True
        return made

    def preview(self, step: int, scalars: ScalarLog | None, made: Shipped, batch: dict[str, Any]) -> Path:
        """Write the preview of a step, of the batch that is shown, and return its file."""
        training = self.training
        columns = preview_columns(made, batch, palettes_in(training.data.images))
        stage = f", {name}" if (name := training.context.stage.name) else ""
        sheet = draw_preview(columns, batch, f"{training.run.path.name}, step {step}{stage}", self.rows)
        path = training.run.path / "previews" / f"{step:06d}.png"
        save_preview(sheet, path)
        if scalars is not None:
            scalars.show(step, sheet)
        training.resolved.plugins.hook.previewed(run=training.run, step=step, images=path)
        return path

    def rehearse(self) -> list[str]:
        """Make a small preview and run each graph once; return notes on graphs that cannot be exported.

        Raises PluginError.
        """
        training = self.training
        made = shipped(training.recipe, training.averages, training.course.inference(training.context.progress))
        images, classes = training.data.images, training.resolved.dataset.classes
        with shortened():
            preview_columns(made, self._held_out(self.rows[:2]), palettes_in(images))
        return check_exportable(made.form, images, classes, training.stage_data.crops.sides)

    @property
    def rows(self) -> list[int]:
        """The held-out rows that previews show, the same in all stages."""
        if self._rows is None:
            resolved, crops = self.training.resolved, self.training.data.crops
            wanted = resolved.config.preview_images or preview_rows(crops.sides)
            self._rows = held_out_rows(resolved.dataset, resolved.kind, crops, wanted)
        return self._rows

    def batch(self) -> dict[str, Any]:
        """Return the held-out samples that previews show."""
        return self._held_out(self.rows)

    def _held_out(self, rows: list[int]) -> dict[str, Any]:
        training = self.training
        crops = training.stage_data.crops
        return held_out_batch(training.resolved.dataset, training.resolved.kind, crops, rows, training.device)
