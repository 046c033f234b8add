"""The last lines of a transfer."""

from __future__ import annotations

from imagelake.cluster.webhdfs.pool import Account


def problems_text(account: Account) -> str:
    """Every file that was not transferred, with its reason; a line each."""
    return "".join(f"failed: {problem.name}: {problem.reason}\n" for problem in account.problems)


def summary_text(verb: str, account: Account, seconds: float) -> str:
    """`uploaded 3 files, 1.5 MB in 2.0 s (0.8 MB/s); 7 were there already; 0 failed`."""
    size, speed = account.bytes / 1e6, account.bytes / 1e6 / max(seconds, 1e-9)
    amount = f"{verb} {account.files:,} files, {size:,.1f} MB in {seconds:.1f} s ({speed:.1f} MB/s)"
    return f"{amount}; {account.skipped:,} were there already; {len(account.problems):,} failed"
