"""The tracking endpoint: plain MLflow clients record into the run's journal over loopback."""

from dressage_local.tracking.endpoint import TrackingEndpoint as TrackingEndpoint
from dressage_local.tracking.state import RunIdentity as RunIdentity
