"""Whom events are about, and what comes with knowing it: log-in, log-out, enrichment, attribution."""
