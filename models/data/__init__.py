"""The questions the box is trained and tested on, one subject per file, all made from seeds."""
