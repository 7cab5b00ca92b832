"""server.properties is read as java.util.Properties reads it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybroker.configs.properties import parse_properties, read_properties
from pybroker.configs.values import ConfigError

CASES = [
    ("", {}),
    ("a=1", {"a": "1"}),
    ("a = 1 ", {"a": "1 "}),
    ("a:1\nb 2\nc\t3", {"a": "1", "b": "2", "c": "3"}),
    ("a = : 1", {"a": ": 1"}),
    ("a", {"a": ""}),
    ("a=", {"a": ""}),
    ("=1", {"": "1"}),
    ("# c\n! d\n   # e\na=1 # no comment", {"a": "1 # no comment"}),
    ("a=1\\\n   ,2\\\n,3\nb=4", {"a": "1,2,3", "b": "4"}),
    ("a=1\\\\\nb=2", {"a": "1\\", "b": "2"}),
    ("a=1\\", {"a": "1"}),
    ("a=1\\\n# not a comment", {"a": "1# not a comment"}),
    ("a=1\\\n\nb=2", {"a": "1", "b": "2"}),
    ("\\\n# a comment\na=1", {"a": "1"}),
    ("= =\n\\\n\nb", {"": "=", "b": ""}),
    ("a\\ b\\=c\\:d=1", {"a b=c:d": "1"}),
    ("a=\\t\\n\\r\\f\\q\\\\", {"a": "\t\n\r\fq\\"}),
    ("a=\\u0041\\u00e9", {"a": "Aé"}),
    ("a=\\ud83d\\ude00", {"a": "😀"}),
    ("a=1\r\nb=2\rc=3", {"a": "1", "b": "2", "c": "3"}),
    ("a=1\na=2", {"a": "2"}),
    ("  a  =  1", {"a": "1"}),
    ("a==1", {"a": "=1"}),
    ("listeners=PLAINTEXT://:9092,\\\n  B://:9094", {"listeners": "PLAINTEXT://:9092,B://:9094"}),
]


@pytest.mark.parametrize(("text", "properties"), CASES)
def test_properties_mean_what_they_mean_to_java(text: str, properties: dict[str, str]) -> None:
    assert parse_properties(text) == properties


@pytest.mark.parametrize("text", ["a=1\n\nb=\\u12", "a=1\n\nb=\\uzzzz", "a=1\n\n\\u=2"])
def test_a_bad_escape_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"my\.properties, line 3: .*four hexadecimal digits"):
        parse_properties(text, "my.properties")


@given(st.text(alphabet=st.sampled_from("ab=: \t\f\\\n\r#!u0d8éé")) | st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        properties = parse_properties(text)
    except ConfigError:
        return
    for value in (*properties, *properties.values()):
        value.encode()


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5))
def test_what_is_escaped_as_java_does_is_read_back(properties: dict[str, str]) -> None:
    def escaped(text: str) -> str:
        units = text.encode("utf-16-be")
        return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))

    text = "\n".join(f"{escaped(key)}={escaped(value)}" for key, value in properties.items())
    assert parse_properties(text) == properties


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"server.properties cannot be read: No such file"):
        read_properties(str(tmp_path / "server.properties"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_file_may_be_utf_8_or_javas_old_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "server.properties"
    path.write_bytes("broker.rack=Köln".encode(encoding))
    assert read_properties(str(path)) == {"broker.rack": "Köln"}
