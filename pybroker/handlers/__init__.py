"""The table of what the control plane serves, in the order of the API keys.

The dispatcher routes by it, ApiVersions answers from it, and the data plane refuses what is not in
it. A row's module is imported at the first request of its key.
"""

from typing import Final

from pybroker.api import Api

HANDLERS: Final = (
    Api(2, "list_offsets", 1, 11),
    Api(3, "metadata", 0, 13),
    Api(8, "offset_commit", 2, 10),
    Api(9, "offset_fetch", 1, 10),
    Api(10, "find_coordinator", 0, 6),
    Api(11, "join_group", 0, 9),
    Api(12, "heartbeat", 0, 4),
    Api(13, "leave_group", 0, 5),
    Api(14, "sync_group", 0, 5),
    Api(15, "describe_groups", 0, 6),
    Api(16, "list_groups", 0, 5),
    Api(18, "api_versions", 0, 4),
    Api(19, "create_topics", 2, 7),
    Api(20, "delete_topics", 1, 6),
    Api(21, "delete_records", 0, 2),
    Api(22, "init_producer_id", 0, 5),
    Api(23, "offset_for_leader_epoch", 2, 4),
    Api(32, "describe_configs", 1, 4),
    Api(33, "alter_configs", 0, 2),
    Api(35, "describe_log_dirs", 1, 5),
    Api(37, "create_partitions", 0, 3),
    Api(42, "delete_groups", 0, 2),
    Api(44, "incremental_alter_configs", 0, 1),
    Api(47, "offset_delete", 0, 0),
    Api(60, "describe_cluster", 0, 2),
    Api(68, "consumer_group_heartbeat", 0, 1),
    Api(69, "consumer_group_describe", 0, 1),
    Api(74, "list_config_resources", 0, 1),
)
