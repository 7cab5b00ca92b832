"""Kafka's own console tools, unmodified, doing a user's jobs against a broker."""

from compat.console.groups import run_session
from compat.console.jobs import run_jobs

__all__ = ("run_jobs", "run_session")
