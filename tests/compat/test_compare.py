"""What the comparison calls a difference, wording, or on purpose."""

from compat.differential.compare import OnPurpose, differences, read_findings, unexplained
from compat.differential.normalise import Normaliser


def test_equal_answers_have_no_differences() -> None:
    answer = [{"step": "x", "answer": {"error_code": "NONE", "topics": [{"name": "a"}]}}]
    assert differences("c", answer, answer) == []


def test_items_of_lists_are_matched_by_name() -> None:
    kafka = [{"topics": [{"name": "a", "n": 1}, {"name": "b", "n": 2}]}]
    pybroker = [{"topics": [{"name": "b", "n": 3}, {"name": "c", "n": 4}]}]
    found = {each.path for each in differences("c", kafka, pybroker)}
    assert found == {"0.topics.a missing", "0.topics.b.n", "0.topics.c added"}


def test_false_is_not_zero() -> None:
    assert len(differences("c", [{"flag": False}], [{"flag": 0}])) == 1


def test_an_answer_more_or_less_is_a_difference() -> None:
    assert [each.path for each in differences("c", [{}], [{}, {}])] == ["1 added"]
    assert [each.path for each in differences("c", [{}, {}], [{}])] == ["1 missing"]


def test_other_words_are_not_a_difference_but_no_words_are() -> None:
    said, other, silent = ({"error_message": text} for text in ("no", "never", None))
    assert unexplained(differences("c", [said], [other]), []) == []
    assert len(unexplained(differences("c", [said], [silent]), [])) == 1


def test_a_finding_covers_what_its_patterns_match() -> None:
    found = differences("area: one", [{"a": 1, "b": 1}], [{"a": 2, "b": 2}])
    left = unexplained(found, [OnPurpose("area: *", "0.a", "why")])
    assert [each.path for each in left] == ["0.b"]


def test_every_finding_has_a_reason() -> None:
    assert read_findings()
    assert all(len(row.reason) > 10 for row in read_findings())


def test_made_up_identities_become_symbols_that_stay_the_same() -> None:
    normaliser = Normaliser(host="127.0.0.1", port=9092)
    one, two = (f"{number}2345678-1234-1234-1234-123456789abc" for number in "12")
    first = normaliser.normalise({"member_id": f"x-{one}", "leader": f"x-{one}"})
    second = normaliser.normalise({"topic_id": two, "producer_id": 4000, "other": one})
    assert first == {"member_id": "x-<uuid 1>", "leader": "x-<uuid 1>"}
    assert second == {"topic_id": "<uuid 2>", "producer_id": "<producer_id 1>", "other": "<uuid 1>"}


def test_addresses_and_throttling_are_taken_out_and_lists_sorted() -> None:
    normaliser = Normaliser(host="127.0.0.1", port=9092)
    answer = {
        "throttle_time": 3,
        "brokers": [
            {"node_id": 2, "host": "127.0.0.1", "port": 1},
            {"node_id": 1, "host": "127.0.0.1", "port": 9092},
        ],
    }
    assert normaliser.normalise(answer) == {
        "brokers": [
            {"node_id": 1, "host": "<host>", "port": "<port>"},
            {"node_id": 2, "host": "<host>", "port": 1},
        ]
    }
