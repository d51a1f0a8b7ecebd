"""Changes of the images that discriminators see."""
