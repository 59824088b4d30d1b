"""What a run recorded of itself: metrics, parameters and tags, folded from its journal.

Events, as the tracking endpoint writes them:
    {"event": "metrics", "items": [{"key", "value", "step", "timestamp"}, ...], "attempt": 1}
    {"event": "params", "items": [{"key", "value"}, ...]}
    {"event": "tags", "items": [{"key", "value"}, ...]}; a value of None deletes the tag
An event with a "run" belongs to one that the script opened below its own, and is none of this record's.
timestamp is milliseconds since 1970 in UTC, as in MLflow's protocol.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric."""

    value: float
    step: int
    timestamp: int
    attempt: int = 1


@dataclass(slots=True)
class Tracked:
    """metrics: every value logged, by metric, in the order of logging."""

    metrics: dict[str, list[Point]] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def latest(self) -> dict[str, float]:
        """The value of each metric at its highest step."""
        return {
            key: max(points, key=lambda point: (point.step, point.timestamp)).value
            for key, points in self.metrics.items()
        }

    def apply(self, event: Mapping[str, Any]) -> None:
        """Fold one journal event in; events of other kinds pass."""
        if "run" in event:
            return
        match event.get("event"):
            case "metrics":
                for item in event["items"]:
                    self._add(item, event.get("attempt", 1))
            case "params":
                self.params.update({item["key"]: item["value"] for item in event["items"]})
            case "tags":
                for item in event["items"]:
                    self._tag(item["key"], item["value"])

    def _add(self, item: Mapping[str, Any], attempt: int) -> None:
        """A resumed run goes on from its last checkpoint: its values replace the earlier attempt's from there."""
        points = self.metrics.setdefault(item["key"], [])
        step = item.get("step") or 0
        if points and points[-1].attempt != attempt:
            points[:] = [point for point in points if point.step < step]
        points.append(Point(float(item["value"]), step, item.get("timestamp") or 0, attempt))

    def _tag(self, key: str, value: str | None) -> None:
        if value is None:
            self.tags.pop(key, None)
        else:
            self.tags[key] = value


def tracked(events: Iterable[Mapping[str, Any]]) -> Tracked:
    record = Tracked()
    for event in events:
        record.apply(event)
    return record
