"""Dedupe keys: two emissions of one fact get one insert_id, and two facts never do."""
