"""ImageLake: what is in a lake of images, and how accurate its labels and predictions are.

For notebooks: `open_lake`, `open_network`, `predict` and `rank`; docs/api.md describes them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imagelake.library.opened_lake import OpenedLake, open_lake
    from imagelake.library.steps import open_network, predict, rank

__version__ = "0.1.0"
__all__ = ["OpenedLake", "__version__", "open_lake", "open_network", "predict", "rank"]

_MODULES = {
    "OpenedLake": "imagelake.library.opened_lake",
    "open_lake": "imagelake.library.opened_lake",
    "open_network": "imagelake.library.steps",
    "predict": "imagelake.library.steps",
    "rank": "imagelake.library.steps",
}


def __getattr__(name: str) -> Any:
    """A name of the library, imported when it is used: executors and `--help` import this package, too."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(_MODULES)}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """All names, those not imported yet included, so that notebooks complete them."""
    return sorted({*globals(), *__all__})
