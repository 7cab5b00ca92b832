"""DescribeCluster: the brokers, or a complaint about who was asked."""

from typing import Final

from compat.differential.conversation import Conversation, ask

CONVERSATIONS: Final = (
    Conversation(
        "every version",
        [ask("describe_cluster", version) for version in (0,)]
        + [ask("describe_cluster", version, endpoint_type=1) for version in (1, 2)],
    ),
    Conversation(
        "authorized operations",
        [ask("describe_cluster", 0, include_cluster_authorized_operations=True)],
    ),
    Conversation("controllers, asked of a broker", [ask("describe_cluster", 1, endpoint_type=2)]),
    Conversation("an endpoint type that is not one", [ask("describe_cluster", 1, endpoint_type=7)]),
    Conversation(
        "fenced brokers too",
        [ask("describe_cluster", 2, endpoint_type=1, include_fenced_brokers=True)],
    ),
)
