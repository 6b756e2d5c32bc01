"""SSM: the public parameters by which scripts find an image, and no other."""
