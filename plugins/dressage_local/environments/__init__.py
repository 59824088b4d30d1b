"""Environments on this machine: resolved once, kept under the digest of what they resolved to."""

from dressage_local.environments.stage import LocalEnvironments as LocalEnvironments
