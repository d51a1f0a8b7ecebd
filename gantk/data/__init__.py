"""Data sets, folders of images, and the batches drawn from them."""
