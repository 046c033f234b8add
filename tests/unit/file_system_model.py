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


@dataclass(frozen=True)
class Refusal:
    """The answer of a file system that refuses."""

    text: str


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
            if isinstance(answer, Refusal):
                raise ImageLakeError(answer.text)
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
DEAD = ("dead", None)


@dataclass(frozen=True)
class State:
    """Files, and how each process stands.

    Attributes:
        contents: the files.
        ends: of each process: None while it runs, ("dead", None), ("done", what it returned) or ("error", which).
    """

    contents: dict[str, bytes]
    ends: tuple[tuple[str, Any] | None, ...]


class Explorer:
    """Every state that processes can reach. Within, files and answers are numbers: many states share them."""

    def __init__(self, processes: list[Process], mortal: set[int]) -> None:
        """Prepare.

        Args:
            processes: which run at once.
            mortal: those of them that may die before any operation.
        """
        self._processes, self._mortal = processes, mortal
        self._contents: list[tuple[tuple[str, bytes], ...]] = []
        self._answers: list[tuple[int, Answers]] = [(number, ()) for number in range(len(processes))]
        self._numbers: dict[Any, int] = {answers: number for number, answers in enumerate(self._answers)}
        self._next: dict[int, Operation] = {}
        self._done: dict[tuple[int, int], tuple[int, int]] = {}
        self._ends: list[Any] = []
        self.states = 0
        self._before: dict[tuple[int, ...], list[tuple[int, ...]]] = {}

    def _number(self, thing: Any, known: list[Any]) -> int:
        if thing not in self._numbers:
            self._numbers[thing] = len(known)
            known.append(thing)
        return self._numbers[thing]

    def explore(self, contents: Contents) -> Iterator[State]:
        """Go through all states from some files on, breadth first, each once; gives those in which a process ended."""
        count = len(self._processes)
        # Files, then of each process its answers, or -1 - (number of its end).
        first = (self._number(tuple(sorted(contents.items())), self._contents), *range(count))
        seen, waiting = {first}, deque([first])
        while waiting:
            state = waiting.popleft()
            self.states += 1
            for number in range(count):
                if state[number + 1] < 0:
                    continue
                for after in self._after(state, number):
                    self._before.setdefault(after, []).append(state)
                    if after not in seen:
                        seen.add(after)
                        waiting.append(after)
                        if after[number + 1] < 0:
                            yield self._shown(after)

    def stuck(self) -> int:
        """In how many of the states that were explored the processes can never all come to an end."""
        ends = [state for state in self._before if all(place < 0 for place in state[1:])]
        ending, waiting = set(ends), deque(ends)
        while waiting:
            for before in self._before.get(waiting.popleft(), ()):
                if before not in ending:
                    ending.add(before)
                    waiting.append(before)
        return self.states - len(ending)

    def _after(self, state: tuple[int, ...], number: int) -> Iterator[tuple[int, ...]]:
        here = state[number + 1]
        kind, what = self._operation(here)
        head, tail = state[1 : number + 1], state[number + 2 :]
        if kind in {"done", "error"}:
            yield (state[0], *head, self._end((kind, what)), *tail)
        elif kind == "again":
            yield (state[0], *head, number, *tail)
        elif kind == "is_dead":
            other = state[what[0] + 1]
            dead = other < 0
            yield (state[0], *head, self._answered(here, dead), *tail)
        else:
            if (state[0], here) not in self._done:
                self._done[state[0], here] = self._execute(state[0], here, kind, what)
            contents, answers = self._done[state[0], here]
            yield (contents, *head, answers, *tail)
        if number in self._mortal:
            yield (state[0], *head, self._end(DEAD), *tail)

    def _end(self, end: tuple[str, Any]) -> int:
        return -1 - self._number(end, self._ends)

    def _answered(self, here: int, answer: Any) -> int:
        process, answers = self._answers[here]
        return self._number((process, (*answers, answer)), self._answers)

    def _execute(self, contents: int, here: int, kind: str, what: Any) -> tuple[int, int]:
        files = MemoryFiles(dict(self._contents[contents]))
        answer: Any
        try:
            answer = getattr(files, kind)(*what)
        except ImageLakeError as error:
            answer = Refusal(str(error))
        if isinstance(answer, dict):
            answer = tuple(answer.items())
        if isinstance(answer, list):
            answer = tuple(answer)
        if kind in CHANGING:
            contents = self._number(tuple(sorted(files.contents.items())), self._contents)
        return contents, self._answered(here, answer)

    def _operation(self, here: int) -> Operation:
        if here not in self._next:
            process, answers = self._answers[here]
            try:
                self._next[here] = ("done", self._processes[process](_Replayed(answers)))
            except AgainError:
                self._next[here] = ("again", None)
            except ImageLakeError as error:
                self._next[here] = ("error", str(error))
            except _NextError as stopped:
                self._next[here] = stopped.args
        return self._next[here]

    def _shown(self, state: tuple[int, ...]) -> State:
        ends = tuple(None if place >= 0 else self._ends[-1 - place] for place in state[1:])
        return State(dict(self._contents[state[0]]), ends)
