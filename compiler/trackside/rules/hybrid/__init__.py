"""Hybrid events: the client's copy and the server's are counted once."""
