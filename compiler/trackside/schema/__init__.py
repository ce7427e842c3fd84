"""Stage 2: nodes become the raw plan: its shape, without meaning.

One pydantic model stands for each concept of the language. The models check shape and read scalars by the type that
their place wants; they also give the editor's JSON Schema and the language reference. References between parts of a
plan are the next stage's business.
"""
