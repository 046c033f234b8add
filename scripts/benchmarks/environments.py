"""Environments of contestants with packages that the project does not have, on top of the project's environment."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

# Pinned, so that figures can be reproduced.
PACKAGES = {
    "daft": ["daft==0.7.26"],
    "ray": ["ray[data]==2.60.0"],
    "vectors": ["lancedb==0.40.0", "usearch==2.26.6"],
    "evidently": ["evidently==0.7.23", "pandas==2.3.3", "pyarrow==26.0.0"],  # it does not import under pandas 3
    "alibi-detect": ["alibi-detect==0.13.0", "pyarrow==17.0.0"],  # it needs NumPy 1, which later ones do not take
    "nannyml": ["nannyml==0.13.1", "statsmodels==0.15.0"],  # which it imports and does not ask for
    "cleanvision": ["cleanvision==0.3.7"],
    "imagededup": ["imagededup==0.3.3.post2"],  # 3.4 GB, with PyTorch, which it imports for its hashes too
    "engines": ["openvino==2026.4.1", "onnxruntime==1.32.0", "onnx==1.20.1", "tf2onnx==1.17.0"],
}
# With versions of NumPy and pandas of their own, so without the project's packages.
ALONE = ("evidently", "alibi-detect", "nannyml", "cleanvision", "imagededup")


def python_of(name: str, folder: Path) -> Path:
    """The interpreter of an environment, made on first use."""
    python = folder / name / "bin" / "python"
    if not (folder / name / ".made").exists():
        print(f"making the environment {name} (once)", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / name], check=True)
        # Without dependencies of the project, so that TensorFlow is the same for all.
        own = folder / name / "lib" / "python3.11" / "site-packages"
        if name not in ALONE:
            (own / "project.pth").write_text(sysconfig.get_path("purelib") + "\n")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES[name]], check=True)
        (folder / name / ".made").touch()
    return python
