"""From a trained graph to a verified model."""
