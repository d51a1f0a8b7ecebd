"""Images out of noise, taken away bit by bit: diffusion."""
