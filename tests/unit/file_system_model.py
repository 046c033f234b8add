"""A file system in memory, and every way in which processes on it can take turns and die.

A process is a plain function of the files it is given; it is real code, not a copy of it. Since such a function does
nothing but what follows from the answers it got, its state is the list of these answers: to find its next operation it
is run again from its beginning on the answers so far. Equal answers and equal files are one state, whatever the way.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from imagelake.errors import ImageLakeError
from imagelake.lake.files import WritableFiles

Contents = Mapping[str, bytes]
Operation = tuple[str, Any]
Answers = tuple[Any, ...]
CHANGING = ("create", "replace", "rename", "delete")


class MemoryFiles(WritableFiles):
    """Files in a dictionary; folders are where files are."""

    def __init__(self, contents: Contents) -> None:
        self.contents = dict(contents)

    def _below(self, folder: str) -> list[str]:
        prefix = f"{folder}/" if folder else ""
        return [path.removeprefix(prefix) for path in self.contents if path.startswith(prefix)]

    def sizes(self, folder: str) -> dict[str, int]:
        """See Files."""
        prefix = f"{folder}/" if folder else ""
        return {name: len(self.contents[prefix + name]) for name in self._below(folder) if "/" not in name}

    def names(self, folder: str) -> list[str]:
        """See Files."""
        return sorted({name.partition("/")[0] for name in self._below(folder)})

    def read(self, path: str) -> bytes | None:
        """See Files."""
        return self.contents.get(path)

    def open(self, path: str) -> io.BytesIO:
        """See Files."""
        content = self.read(path)
        if content is None:
            raise ImageLakeError(f"{path}: there is no such file")
        return io.BytesIO(content)

    def create(self, path: str, content: bytes) -> bool:
        """See Files."""
        if self.modified_s(path) is not None:
            return False
        self.contents[path] = content
        return True

    def replace(self, path: str, content: bytes) -> None:
        """See Files."""
        self.contents[path] = content

    def rename(self, source: str, target: str) -> None:
        """See Files."""
        if self.modified_s(target) is not None or self.modified_s(source) is None:
            raise ImageLakeError(f"{source} to {target}: refused")
        moved = {path: path.replace(source, target, 1) for path in self.contents if _is_in(path, source)}
        for path, new in moved.items():
            self.contents[new] = self.contents.pop(path)

    def delete(self, path: str) -> None:
        """See Files."""
        self.contents = {other: content for other, content in self.contents.items() if not _is_in(other, path)}

    def modified_s(self, path: str) -> float | None:
        """See Files."""
        return 0.0 if any(_is_in(other, path) for other in self.contents) else None


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


class AgainError(Exception):
    """A process that has to wait begins again, when something has changed."""


class _NextError(BaseException):
    """Carries the next operation out of a process; no process may catch it."""


class _Replayed(MemoryFiles):
    """Gives a process the answers it got, then stops it at its next operation."""

    def __init__(self, answers: Answers) -> None:
        super().__init__({})
        self._answers = iter(answers)

    def _ask(self, name: str, *arguments: Any) -> Any:
        for answer in self._answers:
            if isinstance(answer, ImageLakeError):
                raise answer
            return answer
        raise _NextError(name, arguments)

    def sizes(self, folder: str) -> dict[str, int]:
        """See Files."""
        return dict(self._ask("sizes", folder))

    def names(self, folder: str) -> list[str]:
        """See Files."""
        return list(self._ask("names", folder))

    def read(self, path: str) -> bytes | None:
        """See Files."""
        found: bytes | None = self._ask("read", path)
        return found

    def create(self, path: str, content: bytes) -> bool:
        """See Files."""
        return bool(self._ask("create", path, content))

    def replace(self, path: str, content: bytes) -> None:
        """See Files."""
        self._ask("replace", path, content)

    def rename(self, source: str, target: str) -> None:
        """See Files."""
        self._ask("rename", source, target)

    def delete(self, path: str) -> None:
        """See Files."""
        self._ask("delete", path)

    def modified_s(self, path: str) -> float | None:
        """See Files."""
        found: float | None = self._ask("modified_s", path)
        return found

    def is_dead(self, process: int) -> bool:
        """Whether another process has died."""
        return bool(self._ask("is_dead", process))


Process = Callable[[_Replayed], Any]


@dataclass(frozen=True)
class State:
    """Files, and of each process its answers, or how it ended.

    Attributes:
        contents: the files, sorted.
        answers: of each process, as far as it has come.
        ends: None while a process runs, ("dead",) or ("done", what it returned).
    """

    contents: tuple[tuple[str, bytes], ...]
    answers: tuple[Answers, ...]
    ends: tuple[tuple[Any, ...] | None, ...]


class Explorer:
    """Every state that processes can reach."""

    def __init__(self, processes: list[Process], mortal: set[int]) -> None:
        """Prepare.

        Args:
            processes: which run at once.
            mortal: those of them that may die before any operation.
        """
        self._processes, self._mortal = processes, mortal
        self._next: dict[tuple[int, Answers], Operation] = {}

    def states(self, contents: Contents) -> Iterator[State]:
        """All states from some files on, breadth first, each once."""
        count = len(self._processes)
        first = State(tuple(sorted(contents.items())), ((),) * count, (None,) * count)
        seen, waiting = {first}, deque([first])
        while waiting:
            state = waiting.popleft()
            yield state
            for after in self._after(state):
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)

    def _after(self, state: State) -> Iterator[State]:
        for number, end in enumerate(state.ends):
            if end is not None:
                continue
            yield self._step(state, number)
            if number in self._mortal:
                yield _with(state, number, (), ("dead",))

    def _step(self, state: State, number: int) -> State:
        answers = state.answers[number]
        kind, what = self._operation(number, answers)
        if kind == "again":
            return _with(state, number, (), None)
        if kind == "done":
            return _with(state, number, (), ("done", what))
        if kind == "is_dead":
            return _with(state, number, (*answers, state.ends[what[0]] is not None), None)
        files = MemoryFiles(dict(state.contents))
        answer: Any
        try:
            answer = getattr(files, kind)(*what)
        except ImageLakeError as error:
            answer = error
        answer = (
            tuple(answer.items() if isinstance(answer, dict) else answer) if isinstance(answer, dict | list) else answer
        )
        contents = tuple(sorted(files.contents.items())) if kind in CHANGING else state.contents
        return _with(State(contents, state.answers, state.ends), number, (*answers, answer), None)

    def _operation(self, number: int, answers: Answers) -> Operation:
        key = (number, answers)
        if key not in self._next:
            try:
                self._next[key] = ("done", self._processes[number](_Replayed(answers)))
            except AgainError:
                self._next[key] = ("again", None)
            except _NextError as stopped:
                self._next[key] = stopped.args
        return self._next[key]


def _with(state: State, number: int, answers: Answers, end: tuple[Any, ...] | None) -> State:
    before, after = state.answers[:number], state.answers[number + 1 :]
    ends = (*state.ends[:number], end, *state.ends[number + 1 :])
    return State(state.contents, (*before, answers, *after), ends)
