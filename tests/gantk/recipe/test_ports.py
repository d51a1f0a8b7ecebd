"""What a graph takes besides images."""

import pytest

from gantk import Latent, UsageError


def test_a_vector_has_a_number():
    assert Latent(length=1).fixed(2).shape == (2, 1)
    with pytest.raises(UsageError, match="the vector noise has at least 1 number, not 0"):
        Latent(name="noise", length=0)
