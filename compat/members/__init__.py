"""Real clients as members of one group, in processes of their own: alone, mixed, killed, replaced.

Every client prints what Kafka's VerifiableConsumer prints; `journal` reads it and knows whether
anything was lost, or read again after it was committed.
"""

from compat.members.sessions import run_sessions

__all__ = ("run_sessions",)
