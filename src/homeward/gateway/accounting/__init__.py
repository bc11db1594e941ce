"""Who may ask, what they may spend and what it took: keys, limits, journal and ledger."""
