"""How far each model's credit, and the hold-out's estimate, lie from what ads really caused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CAUSAL_KEYS = (
    "incremental_signups",
    "incremental_signups_by_holdout",
    "incremental_l1_by_holdout",
    "attributed_signups",
    "attributed_l1",
    "holdout_lift",
)
Tables = Callable[[str], pa.Table]
Counts = Mapping[str, float]


def causal_scores(
    tables: Tables, truth: Path, lifts: Sequence[Mapping[str, Any]]
) -> dict[str, object]:
    """Return the keys of docs/world.md on causes; none where the world's ads persuade nobody.

    lifts: records of report lift, by network, over the whole world.
    """
    path = truth / "causes.parquet"
    if not path.is_file():
        return {}
    causes = {
        row["network"]: row
        for row in pq.read_table(path).to_pylist()
        if not row["campaign_id"]  # rows of campaigns tell the same again
    }
    true = {network: float(row["incremental_signups"]) for network, row in causes.items()}
    attributed = attributed_signups(tables("credits"), tables("sources"), list(true))
    found = {row["network"]: row for row in lifts if row["incremental_signups"] is not None}
    estimated = {network: float(row["incremental_signups"]) for network, row in found.items()}
    complete = estimated.keys() == true.keys()
    return {
        "incremental_signups": true,
        "incremental_signups_by_holdout": estimated,
        "incremental_l1_by_holdout": distance(estimated, true) if complete else None,
        "attributed_signups": attributed,
        "attributed_l1": {model: distance(said, true) for model, said in attributed.items()},
        "holdout_lift": {
            network: _against(row, causes[network])
            for network, row in found.items()
            if network in causes
        },
    }


def attributed_signups(
    credits: pa.Table, sources: pa.Table, networks: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return Σ credit of signups by model and network; networks credited beside `networks`, too."""
    signups = credits.filter(pc.equal(credits["conversion_kind"], "signup"))
    joined = signups.select(["model", "source_key", "credit"]).join(
        sources.select(["source_key", "network"]), "source_key"
    )
    sums = joined.group_by(["model", "network"]).aggregate([("credit", "sum")]).to_pylist()
    result: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(networks, 0.0))
    for row in sorted(sums, key=lambda row: (row["model"], row["network"] or "")):
        own = result[row["model"]]
        if row["network"] is not None:
            own[row["network"]] = row["credit_sum"]
    return dict(result)


def distance(said: Counts, true: Counts) -> float:
    """L1 distance of two splits, Σ |share − share|, in [0, 2]; 0: the same, 2: nothing in common.

    Negative counts, which only an estimate can have, are none.
    """
    shares = [_shares(said), _shares(true)]
    networks = {*said, *true}
    return sum(
        abs(shares[0].get(name, 0.0) - shares[1].get(name, 0.0)) for name in sorted(networks)
    )


def _shares(counts: Counts) -> dict[str, float]:
    known = {name: max(count, 0.0) for name, count in counts.items()}
    total = sum(known.values())
    return {name: count / total if total else 0.0 for name, count in known.items()}


def _against(row: Mapping[str, Any], cause: Mapping[str, Any]) -> dict[str, object]:
    """A network's estimated lift beside the true mean lift of the people due its ads."""
    true = cause["lift"]
    return {
        "lift": row["lift"],
        "standard_error": row["lift_standard_error"],
        "low": row["lift_low"],
        "high": row["lift_high"],
        "true_lift": true,
        "truth_in_interval": row["lift_low"] <= true <= row["lift_high"],
    }


def shown(scores: Mapping[str, Any]) -> str:
    """The scores as two tables for people: signups by network, and the hold-out's lifts."""
    true = scores["incremental_signups"]
    held = scores["incremental_signups_by_holdout"]
    rows = [("incremental (truth)", true, 0.0)]
    rows += [("incremental (hold-out)", held, scores["incremental_l1_by_holdout"])]
    rows += [
        (f"attributed ({model})", said, scores["attributed_l1"][model])
        for model, said in scores["attributed_signups"].items()
    ]
    networks = sorted({name for _label, counts, _far in rows for name in counts})
    lines = [_line("signups by network", [*networks, "L1 of shares"])]
    for label, counts, far in rows:
        cells = [f"{counts[n]:,.1f}" if n in counts else "–" for n in networks]
        lines.append(_line(label, [*cells, "–" if far is None else f"{far:.3f}"]))
    heads = ["lift", "s.e.", "95 % from", "to", "truth", "truth inside"]
    lines += ["", _line("hold-out (incremental)", heads)]
    for network, one in scores["holdout_lift"].items():
        names = ("lift", "standard_error", "low", "high", "true_lift")
        inside = "yes" if one["truth_in_interval"] else "no"
        lines.append(_line(network, [*(f"{one[name]:.4f}" for name in names), inside]))
    return "\n".join(["", *lines, ""])


def _line(label: str, cells: Sequence[str]) -> str:
    return f"{label:28} " + " ".join(f"{cell:>14}" for cell in cells)
