//! Reads the files of facts in `tests/data`.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod vectors;

use pybroker_wire::Uuid;
use serde_json::Value;
use std::path::Path;

/// The lines of a file of `tests/data`.
pub(crate) fn lines(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let text = std::fs::read_to_string(path).expect("the file is part of the repository");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// The bytes of a string of hexadecimal digits.
pub(crate) fn unhex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().expect("hex is a string").as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// The bytes of a nullable string of hexadecimal digits.
pub(crate) fn unhex_nullable(value: &Value) -> Option<Vec<u8>> {
    if value.is_null() { None } else { Some(unhex(value)) }
}

/// An integer that is a field of `value`.
pub(crate) fn int<T: TryFrom<i64>>(value: &Value, field: &str) -> T {
    int_or(value, field, None)
}

/// An integer that may be missing.
pub(crate) fn int_or<T: TryFrom<i64>>(value: &Value, field: &str, default: Option<i64>) -> T {
    let number = value.get(field).and_then(Value::as_i64).or(default);
    let number = number.unwrap_or_else(|| panic!("{field} is missing in {value}"));
    T::try_from(number).unwrap_or_else(|_| panic!("{field} is too large in {value}"))
}

/// A string that is null or missing.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// A boolean that is a field of `value`.
pub(crate) fn flag(value: &Value, field: &str) -> bool {
    value[field].as_bool().unwrap_or_else(|| panic!("{field} is missing in {value}"))
}

/// The elements of an array, none when it is missing.
pub(crate) fn elements<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A topic id as Kafka prints it: base64 without padding, for URLs.
pub(crate) fn uuid(text: &str) -> Uuid {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for digit in text.bytes() {
        let value = alphabet.iter().position(|letter| *letter == digit).expect("a base64 digit");
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Uuid(bytes.try_into().expect("a uuid has 16 bytes"))
}
