"""What a part serves of a spec, and what it refuses."""

from dataclasses import dataclass, fields

import pytest

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported

EVERYTHING = {
    GeneratorSpec: {
        "inputs": 3,
        "layout": 5,
        "latent": 8,
        "classes": 10,
        "domains": 4,
        "caption": 40,
        "scale": 2,
        "features": True,
    },
    DiscriminatorSpec: {
        "condition_channels": 3,
        "classes": 10,
        "domains": 4,
        "layout": 5,
        "caption": 40,
        "vector": 8,
        "joint_latent": 5,
        "output": "energies",
        "features": True,
        "any_size": True,
    },
}
BARE = {GeneratorSpec: {"size": 32}, DiscriminatorSpec: {"channels": 3, "size": 32}}


@pytest.mark.parametrize("spec", EVERYTHING)
def test_a_part_serves_what_it_says_and_refuses_every_other_field(spec):
    for name, value in EVERYTHING[spec].items():
        one = spec(**BARE[spec], **{name: value})
        one.accept(name)
        with pytest.raises(Unsupported):
            one.accept(*(EVERYTHING[spec].keys() - {name}))
    spec(**BARE[spec]).accept()


@pytest.mark.parametrize("spec", EVERYTHING)
def test_no_field_is_forgotten(spec):
    always = {"channels", "outputs", "size"}
    assert {field.name for field in fields(spec)} - always == EVERYTHING[spec].keys() == spec._words.keys()


def test_a_field_that_comes_later_is_refused_by_parts_of_today():
    @dataclass(frozen=True, kw_only=True)
    class Later(GeneratorSpec):
        _words = {**GeneratorSpec._words, "style": ("takes no style vector", "a style vector")}
        style: int | None = None

    Later(size=32, latent=8).accept("latent")
    with pytest.raises(Unsupported, match="^takes no style vector$"):
        Later(size=32, latent=8, style=64).accept("latent")


def test_all_that_is_refused_is_said_at_once():
    with pytest.raises(Unsupported, match="^takes no latent vector and offers no inner activations$"):
        GeneratorSpec(size=32, inputs=3, latent=8, features=True).accept("inputs")


def test_what_is_needed_is_given_or_refused():
    assert GeneratorSpec(size=32, latent=8).need("latent") == 8
    with pytest.raises(Unsupported, match="^needs an image to translate$"):
        GeneratorSpec(size=32, latent=8).need("inputs")
    with pytest.raises(Unsupported, match="^needs a game of energies$"):
        DiscriminatorSpec(channels=3, size=32).need("output")
