"""What a recipe is assembled from."""
