"""A server as a user starts it: the script in a process of its own, at a free port."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from types import TracebackType

import requests

from project import PROJECT


class Served:
    """A lake served by scripts/serve until the end of the with; ``url`` is its address, ``log`` what it said."""

    def __init__(self, root: Path, cache: Path, *options: str) -> None:
        command = [PROJECT / "scripts" / "serve", "--root", root, "--port", "0", "--cache", cache, *options]
        words = [*map(str, command)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.log: list[str] = []
        self.url = ""
        self.http = requests.Session()
        self.http.trust_env = False

    def __enter__(self) -> Served:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.append(line)
            if line.startswith("http://"):
                self.url = line.split()[0]
                break
        assert self.url, f"the server did not start:\n{''.join(self.log)}"
        # Whatever it says from here on must not fill the pipe.
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.append(line)

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        self._process.terminate()
        self._process.wait(20)
        self._listener.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def get(self, path: str, **parameters: object) -> requests.Response:
        """Ask for a page or an answer; redirects are not followed."""
        return self.http.get(f"{self.url}{path}", params=parameters, timeout=30, allow_redirects=False)  # type: ignore[arg-type]

    def search(self, photo: bytes, **parameters: object) -> requests.Response:
        """Search by a photo through the API."""
        headers = {"Content-Type": "image/jpeg"}
        return self.http.post(f"{self.url}/api/search", photo, params=parameters, headers=headers, timeout=30)  # type: ignore[arg-type]
