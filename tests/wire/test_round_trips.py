"""What is written is read back the same, for any values of any version."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybroker.protocol.codec import decode, encode
from pybroker.protocol.declare import Message
from tests.wire.messages import MESSAGES, name_of
from tests.wire.strategies import PATIENT, messages

EXAMPLES = 40


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=name_of)
@settings(PATIENT, max_examples=EXAMPLES)
@given(data=st.data())
def test_a_message_survives_a_round_trip(cls: type[Message], data: st.DataObject) -> None:
    version, message = data.draw(messages(cls))
    body = encode(message, version)
    again = decode(cls, version, body)
    assert again == message
    assert encode(again, version) == body
