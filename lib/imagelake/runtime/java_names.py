"""Classes of Java and their members, found once by name.

PySpark names `functions` and `functions.col` anew for each column that it makes. Each time Java looks for such a class
in every package that was imported, in hundreds of jars: 10,000 times in a run of all jobs, 3 s of 90.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from py4j.java_gateway import JavaClass, JavaMember, JVMView  # type: ignore[import-untyped]


@cache  # once a process
def remember_java_names() -> None:
    """Keep what py4j finds by a name, where it is a class or method; values, which may change, are read each time."""
    _remember(JVMView, JavaClass)
    _remember(JavaClass, JavaMember)


def _remember(owner: type[Any], lasting: type[Any]) -> None:
    """Make the attributes that an object looks up, if they are of some type, its own."""
    look_up = owner.__getattr__

    def remembered(self: Any, name: str) -> Any:
        found = look_up(self, name)
        if isinstance(found, lasting):
            vars(self)[name] = found
        return found

    owner.__getattr__ = remembered
