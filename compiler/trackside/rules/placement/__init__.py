"""Placement: which side sends an event, held against the decision matrix."""
