"""What tests of networks that grow share."""

import pytest

from gantk.parts.context import Context, Informed, Progress, Span


@pytest.fixture
def at():
    """Return a function that brings a recipe to a stage, of a hundred steps, and gives the height of its images."""

    def bring(recipe, number, fraction=0.0):
        stages = recipe.stages()
        spans = tuple(Span(stage.name, 100 * place, 100 * (place + 1)) for place, stage in enumerate(stages))
        context = Context(progress=Progress(100 * number + round(100 * fraction), 100 * len(stages)), spans=spans)
        for module in recipe.modules():
            if isinstance(module, Informed):
                module.context = context
        return round(stages[number].scale * recipe.size)

    return bring
