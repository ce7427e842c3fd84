"""Stage 1: files and includes become nodes with key and value spans."""
