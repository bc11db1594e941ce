"""Lines before the local models."""
