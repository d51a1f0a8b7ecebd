"""What is offered in place of a part that cannot do what a recipe asks."""

from gantk import DiscriminatorSpec, GeneratorSpec
from gantk.plugins.alternatives import alternatives
from gantk.plugins.selection import Part, UnsupportedPart


def instead_of(part, arguments):
    return alternatives(UnsupportedPart(part, arguments, "cannot"))


def test_the_hint_names_only_what_can(make_build):
    build = make_build(generator="resnet", discriminator="patchgan")
    asked = (DiscriminatorSpec(channels=3, size=32, output="energies"), build)
    hint = instead_of(Part("discriminator", "patchgan", dict), asked)
    assert hint == "; a discriminator that can: began, ebgan (--discriminator NAME)"
    assert (
        instead_of(Part("discriminator", "ebgan", dict), asked)
        == "; a discriminator that can: began (--discriminator NAME)"
    )

    translating = (GeneratorSpec(inputs=3, outputs=3, size=32), build)
    hint = instead_of(Part("generator", "dcgan", dict), translating)
    offered = hint.removeprefix("; a generator that can: ").removesuffix(" (--generator NAME)").split(", ")
    assert {"resnet", "unet"} <= set(offered)
    assert not {"dcgan", "srresnet", "spade"} & set(offered)
