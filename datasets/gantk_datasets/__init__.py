"""The data sets that come with gantk, one file each."""
