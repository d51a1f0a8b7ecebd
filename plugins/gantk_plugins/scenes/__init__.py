"""Images of scenes, from what stands where in them."""
