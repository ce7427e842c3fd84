"""A tracking plan compiler: one YAML plan becomes typed server functions, typed browser functions, docs and schemas.

Importing the package imports nothing else: each public name loads what it needs when it is first asked for.
"""

# Type checkers know it by its name. Importing `typing` for it takes longer than all that an unchanged check does else.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from trackside.api import Compiled, check_plan, compile_plan
    from trackside.diagnostics import Diagnostic
    from trackside.ir import Plan

__version__ = "0.1.0"

__all__ = ["Compiled", "Diagnostic", "Plan", "__version__", "check_plan", "compile_plan"]

_HOMES = {
    "Compiled": "trackside.api",
    "Diagnostic": "trackside.diagnostics",
    "Plan": "trackside.ir",
    "check_plan": "trackside.api",
    "compile_plan": "trackside.api",
}


def __getattr__(name: str) -> object:
    """Load a public name from the module that has it."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
