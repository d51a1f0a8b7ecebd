"""The size at which a picture is learned whole."""

from gantk.data.dataset import Dataset, cut_columns
from gantk.data.kinds import Kind
from gantk.data.views import open_split
from gantk.sizes import Sides


def whole_size(dataset: Dataset, kind: Kind, longer: int) -> int | Sides:
    """Return the size of a data set's one picture whose longer side has so many pixels, or as many as it has.

    Raises DataError where the data set cannot serve it.
    """
    (column,) = cut_columns(open_split(dataset, kind, False, None).columns).values()
    height, width = column[0].shape[:2]
    factor = min(longer / max(height, width), 1.0)
    return Sides(max(round(height * factor), 1), max(round(width * factor), 1)).size
