"""The tracking endpoint: an HTTP server on loopback; it records in the run's journal what MLflow clients log."""

from dressage.supervision.tracking.endpoint import TrackingEndpoint as TrackingEndpoint
from dressage.supervision.tracking.state import RunIdentity as RunIdentity
