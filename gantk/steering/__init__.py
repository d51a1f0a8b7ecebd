"""Trainings begun, gone on with and looked at: what the commands and Python programs share."""
