"""Revenue: what a client could forge."""
