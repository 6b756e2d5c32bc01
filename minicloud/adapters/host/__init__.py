"""The machine that the server runs on: its clock and its ports."""
