"""Homeward makes many language models answer as one, and keeps the work at home."""
