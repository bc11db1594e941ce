"""A question in, an answer out: through a tree, or passed on as bytes."""
