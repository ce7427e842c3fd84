"""Events: what an event says about its properties, its time, its revenue and its life."""
