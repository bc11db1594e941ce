"""Every URL that somebody else defined, by dialect, and our own."""
