"""What every generated function stands on: verdicts on values, identity, keys, consent,
and the way to a sink.

This folder is the same in every generated package. It imports the standard library
only; the destination's SDK is imported by the sink that uses it, when it is first used.
"""
