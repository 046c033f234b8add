"""The settings of the Spark session of a benchmark: so many cores of this machine, and no way out of it."""

from __future__ import annotations

from imagelake.config import load_config


def settings(scratch: str, cores: str, memory: str) -> dict[str, str]:
    """Of a local session, by their Spark names.

    Args:
        scratch: a folder for what does not fit into memory.
        cores: task slots.
        memory: of the JVM, such as 2g.
    """
    return {
        **load_config(named=["local.toml"]).spark,
        "spark.master": f"local[{cores}]",
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.local.dir": scratch,
    }
