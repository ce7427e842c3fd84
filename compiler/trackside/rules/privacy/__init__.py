"""Privacy: what a client must not send, and what it must not know."""
