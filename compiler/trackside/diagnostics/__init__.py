"""What the compiler says to a person: places in files, findings about them, and how they are printed.

Every stage reports through this package and nothing here imports a stage.
"""

from trackside.diagnostics.bag import Bag
from trackside.diagnostics.codes import CODES, Code, Severity, code
from trackside.diagnostics.model import Diagnostic, Edit, Fix, Label, finding
from trackside.diagnostics.span import Place, Span

__all__ = ["CODES", "Bag", "Code", "Diagnostic", "Edit", "Fix", "Label", "Place", "Severity", "Span", "code", "finding"]
