"""Spark's Python daemon with the packages that nearly every task needs: its workers have them when they are forked.

Each worker would import them by itself otherwise, which for a small run takes longer than the work.
"""

import numpy as np  # noqa: F401
import pandas as pd  # noqa: F401
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: F401
from PIL import Image  # noqa: F401
from pyspark.daemon import manager

if __name__ == "__main__":
    manager()
