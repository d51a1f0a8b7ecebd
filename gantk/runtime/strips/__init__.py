"""An image larger than memory through a model: cut into strips, section by section."""
