"""The command line: one file per command.

A command parses flags, calls the pipeline, prints, and sets the exit code: 0 clean, 1 findings or drift, 2 the call was
wrong or the compiler itself failed. Findings, drift and what a command is asked to print go to standard output;
everything about the run itself (progress, what was written, a wrong call, an internal error) goes to standard error.
"""
