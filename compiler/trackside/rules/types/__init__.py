"""Types: values that nobody can send, and values that nobody can tell apart."""
