"""The plugins that the book of gantk writes, one file each."""
