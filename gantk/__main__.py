"""`python -m gantk`, which torchrun needs."""

from gantk.cli.main import main

main(prog_name="gantk")
