"""Kafka's messages, one class for all versions of each, and the codec that handles them.

A module is named after its API and holds the request and the response. Fields that recur mean the
same everywhere:

  * `throttle_time_ms`: how long the client should pause because it exceeded a quota
  * `error_code`: an `ErrorCode`; it stands where the failure belongs, at the top or in an item
  * `error_message`: for people; None when there is nothing to add to the code
  * `topic_id`: 16 bytes, a new id whenever a topic is created; all zero for none
  * `leader_epoch`: how often the partition's leader changed; an older one is fenced
  * `generation_id`, `member_epoch`: the same for the members of a group
  * `group_instance_id`, `instance_id`: a static member's own name (KIP-345)
  * `...authorized_operations`: one bit per AclOperation, or the smallest integer if not asked for
  * `rack`, `rack_id`: where a broker or a client is; None when it does not say

A list of versions in a class says what each added: fields, by the struct that has them if it is
not the message itself; "flexible" is the first with compact lengths and tagged fields (KIP-482).
Versions that are left out are as the one before.
"""
