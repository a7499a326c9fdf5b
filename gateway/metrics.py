"""Counters of one process: plain integers, cheap enough for the hot path, merged over processes at scrape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

LATENCY_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: the upper bounds of the vendor latency histogram."""

Labels = tuple[tuple[str, str], ...]

HELP: Mapping[str, tuple[str, str]] = {
    "gateway_requests_total": ("counter", "HTTP requests answered, by route and status."),
    "gateway_messages_accepted_total": ("counter", "Messages accepted, by client and first provider."),
    "gateway_messages_total": ("counter", "Statuses entered by messages, by provider and reason."),
    "gateway_verifications_total": ("counter", "Verifications that ended, by method, status and reason."),
    "gateway_activations_total": ("counter", "Rules set off, by provider, rule and what became of it."),
    "gateway_receipts_total": ("counter", "Delivery receipts received, by provider and result."),
    "gateway_webhooks_total": ("counter", "Tries to tell endpoints of events, by endpoint and result."),
    "gateway_vendor_tries_total": ("counter", "Requests to vendors, by provider and what became of them."),
    "gateway_vendor_seconds": ("histogram", "Time vendors took to answer, by provider."),
    "gateway_queue_depth": ("gauge", "Messages waiting for a provider."),
    "gateway_provider_up": ("gauge", "1 while a provider takes requests: its breaker is closed, and it is not paused."),
    "gateway_provider_balance": ("gauge", "What is left on a vendor account, as the vendor said last."),
    "gateway_store_up": ("gauge", "1 while Redis answers and has forgotten nothing."),
}


class Metrics:
    """Counts; `snapshot` and `merge` carry them between processes as JSON files."""

    def __init__(self) -> None:
        self.counts: defaultdict[tuple[str, Labels], float] = defaultdict(float)

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        self.counts[name, tuple(labels.items())] += value

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """One observation of a histogram."""
        base = tuple(labels.items())
        for bound in LATENCY_BOUNDS:
            if seconds <= bound:
                self.counts[f"{name}_bucket", (*base, ("le", f"{bound:g}"))] += 1
        self.counts[f"{name}_bucket", (*base, ("le", "+Inf"))] += 1
        self.counts[f"{name}_sum", base] += seconds
        self.counts[f"{name}_count", base] += 1

    @classmethod
    def load(cls, path: Path) -> Metrics:
        """The counts a process of the same slot left behind: counters go on where it died."""
        return cls().merge([path])

    def snapshot(self, path: Path) -> None:
        """Writes the counts for other processes; atomically, so that none reads half a file."""
        draft = path.with_suffix(".tmp")
        draft.write_bytes(msgspec.json.encode([(name, labels, count) for (name, labels), count in self.counts.items()]))
        draft.replace(path)

    def merge(self, snapshots: Iterable[Path]) -> Metrics:
        """These counts and those of other processes."""
        merged = Metrics()
        merged.counts.update(self.counts)
        for path in snapshots:
            try:
                rows = msgspec.json.decode(path.read_bytes(), type=list[tuple[str, Labels, float]])
            except (OSError, msgspec.DecodeError):
                continue
            for name, labels, count in rows:
                merged.counts[name, labels] += count
        return merged

    def render(self) -> str:
        """Prometheus's text format, version 0.0.4."""
        lines: list[str] = []
        announced: set[str] = set()
        for (name, labels), count in sorted(self.counts.items()):
            family = name if name in HELP else name.rsplit("_", 1)[0]
            if family not in announced:
                announced.add(family)
                kind, text = HELP[family]
                lines += [f"# HELP {family} {text}", f"# TYPE {family} {kind}"]
            inside = ",".join(f'{label}="{_escape(value)}"' for label, value in labels)
            value = str(int(count)) if count == int(count) else repr(count)
            lines.append(f"{name}{{{inside}}} {value}" if inside else f"{name} {value}")
        return "\n".join(lines) + "\n"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
