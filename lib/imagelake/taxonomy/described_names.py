"""The label_ids that names of a hierarchy mean, by the class descriptions of the same source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from imagelake.taxonomy.names import name_key


def ids_of_names(nodes: Iterable[str], names: Mapping[str, str], preferred: Collection[str] = ()) -> dict[str, str]:
    """The label_id of each name that is one class's: as it is spelt, else but for case and separators.

    A name that several classes bear means that one of them which is preferred, and none where that leaves a choice. Of
    two names that would mean one class the first does.

    Args:
        nodes: the names.
        names: label_id -> display name.
        preferred: label_ids.
    """
    spelt, keyed = defaultdict(list), defaultdict(list)
    for label_id, name in names.items():
        spelt[name].append(label_id)
        keyed[name_key(name)].append(label_id)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for node in nodes:
        for bearers in (spelt.get(node, []), keyed.get(name_key(node), [])):
            chosen = [label_id for label_id in bearers if label_id in preferred] or bearers
            if len(chosen) == 1 and chosen[0] not in taken:
                found[node] = chosen[0]
                taken.add(chosen[0])
                break
    return found
