"""The summary that a job prints at its end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from imagelake.runtime.job import Outcome, Work


def print_outcome(outcome: Outcome, console: Console) -> None:
    """Print how a job ended: seconds and images a second, row counts, notes and tables."""
    if outcome.work is None:
        console.print(
            f"[bold]{outcome.job.name}[/]: nothing has changed since its last run; skipped (--force redoes it)"
        )
        return
    if not outcome.published:
        console.print(
            f"[bold]{outcome.job.name}[/]: another run has published meanwhile; this one's results are dropped"
        )
        return
    console.print(f"[bold]{outcome.job.name}[/]: {_pace(outcome)}")
    console.print(_table(outcome.work))


def _pace(outcome: Outcome) -> str:
    images = outcome.work.images if outcome.work else None
    pace = outcome.work.images_per_second(outcome.seconds) if outcome.work else None
    images_read = f", {images:,} images" if images else ""
    return f"done in {outcome.seconds:.1f} s{images_read}{f', {pace:,.1f} images/s' if pace else ''}"


def _table(work: Work) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")  # an ellipsis would cut identifiers and paths
    for account in work.accounts:
        table.add_row(account.what, f"{account.rows_in:,} in = {account.kept:,} kept{_rejected(account.rejected)}")
    for name, taken in work.taken_over.items():
        rows = work.rows[name]
        table.add_row("taken over", f"{taken:,} of {name} from the run before; {rows - taken:,} made anew")
    for name, counter in work.counters.items():
        table.add_row(name, f"{counter.value:,}")
    for name, value in work.notes.items():
        table.add_row(name, value)
    table.add_row("wrote", ", ".join(f"{name} ({rows:,})" for name, rows in work.rows.items()))
    return table


def _rejected(rejected: dict[str, int]) -> str:
    reasons = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{reason} {count:,}" for reason, count in reasons if count)
    return f" + {sum(rejected.values()):,} rejected ({listed})" if listed else " + 0 rejected"
