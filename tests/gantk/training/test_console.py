"""What a training says on a terminal."""

from gantk.training.console import duration, magnitude, short_names


def test_losses_are_named_by_their_player_only_where_names_meet():
    assert short_names(["generator/cycle_a", "discriminator/game"]) == ["cycle_a", "game"]
    names = ["discriminator/game", "discriminator/gradient_penalty", "generator/game"]
    assert short_names(names) == ["discriminator game", "gradient_penalty", "generator game"]
    assert short_names([]) == []


def test_numbers_are_said_as_a_person_says_them():
    assert [duration(seconds) for seconds in (0, 89, 90, 5399, 5400)] == ["0 s", "89 s", "2 min", "90 min", "1.5 h"]
    assert [magnitude(count) for count in (950, 1000, 3_140_000, 2 * 10**9)] == ["950", "1.0 k", "3.1 M", "2.0 G"]
