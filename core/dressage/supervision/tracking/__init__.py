"""The tracking endpoint: plain MLflow clients record into the run's journal over loopback."""

from dressage.supervision.tracking.endpoint import TrackingEndpoint as TrackingEndpoint
from dressage.supervision.tracking.state import RunIdentity as RunIdentity
