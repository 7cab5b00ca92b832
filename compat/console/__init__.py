"""Kafka's own console tools, unmodified, doing a user's jobs against a broker."""

from compat.console.configs import run_configs
from compat.console.groups import run_groups
from compat.console.jobs import run_jobs

__all__ = ("run_configs", "run_groups", "run_jobs")
