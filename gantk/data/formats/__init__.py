"""What is known of image files: which formats are read, how each is recognised, and what its bytes must not do.

Nothing here needs torch: training and the runtime read with the same rules.
"""
