"""What says in plain words, while a training goes on, that it is going wrong, and what to try."""
