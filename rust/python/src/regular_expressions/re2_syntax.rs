//! RE2J's syntax, read as RE2J 1.8 reads it and written as the `regex` crate reads it.
//!
//! Every literal is written as an escape, so that nothing that is special to one of the two only
//! can change its meaning: `&&` in a class, `\<`, `{` that counts nothing. Groups capture nothing:
//! only whether a name matches is asked for. What is refused is refused in RE2J's words.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

pub(super) const INVALID_RANGE: &str = "invalid character class range";
const INVALID_ESCAPE: &str = "invalid escape sequence";
const INVALID_PERL: &str = "invalid or unsupported Perl syntax";
const INVALID_NAME: &str = "invalid named capture";
const INVALID_COUNT: &str = "invalid repeat count";
const MISSING_ARGUMENT: &str = "missing argument to repetition operator";
const NESTED_REPETITION: &str = "invalid nested repetition operator";

/// The largest count of a repetition.
const REPEAT_MAX: u32 = 1_000;

/// What may follow: a repetition needs something to repeat, and not a repetition.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    Operand,
    Repetition,
}

/// Gives the pattern in the other syntax, or RE2J's word for what is wrong with it.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translation = Translation {
        rest: pattern.chars().peekable(),
        written: String::with_capacity(pattern.len() * 2),
        before: Before::Nothing,
        depth: 0,
        names: HashSet::new(),
    };
    translation.all()?;
    Ok(translation.written)
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    written: String,
    before: Before,
    depth: usize,
    names: HashSet<String>,
}

impl Translation<'_> {
    fn all(&mut self) -> Result<(), String> {
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => self.put("|", Before::Nothing),
                '^' => self.put("^", Before::Operand),
                '$' => self.put("$", Before::Operand),
                '.' => self.put(".", Before::Operand),
                '*' | '+' | '?' => self.repeat(&character.to_string())?,
                '{' => self.counted()?,
                literal => self.put_literal(literal),
            }
        }
        if self.depth > 0 { Err("missing closing )".to_owned()) } else { Ok(()) }
    }

    fn put(&mut self, text: &str, before: Before) {
        self.written.push_str(text);
        self.before = before;
    }

    fn put_literal(&mut self, literal: char) {
        write_literal(&mut self.written, literal);
        self.before = Before::Operand;
    }

    /// Whether `text` comes next; it is read if so.
    fn take(&mut self, text: &str) -> bool {
        let mut ahead = self.rest.clone();
        if text.chars().all(|wanted| ahead.next() == Some(wanted)) {
            self.rest = ahead;
            return true;
        }
        false
    }

    // Repetitions.

    fn repeat(&mut self, operator: &str) -> Result<(), String> {
        match self.before {
            Before::Nothing => return Err(MISSING_ARGUMENT.to_owned()),
            Before::Repetition => return Err(NESTED_REPETITION.to_owned()),
            Before::Operand => {}
        }
        self.put(operator, Before::Repetition);
        if self.rest.next_if_eq(&'?').is_some() {
            self.written.push('?');
        }
        Ok(())
    }

    /// `{` counts when a count follows, and is a literal when none does.
    fn counted(&mut self) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        let Some((least, most)) = count(&mut ahead) else {
            self.put_literal('{');
            return Ok(());
        };
        if least > REPEAT_MAX || most.is_some_and(|most| most > REPEAT_MAX || most < least) {
            return Err(INVALID_COUNT.to_owned());
        }
        self.rest = ahead;
        match most {
            Some(most) => self.repeat(&format!("{{{least},{most}}}")),
            None => self.repeat(&format!("{{{least},}}")),
        }
    }

    // Groups.

    fn open(&mut self) -> Result<(), String> {
        if self.take("?P<") || self.take("?<") {
            self.name()?;
        } else if self.take("?") {
            return self.flags();
        }
        self.depth += 1;
        self.put("(?:", Before::Nothing);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        self.depth = self.depth.checked_sub(1).ok_or("missing opening (")?;
        self.put(")", Before::Operand);
        Ok(())
    }

    fn name(&mut self) -> Result<(), String> {
        let mut name = String::new();
        loop {
            match self.rest.next() {
                Some('>') if !name.is_empty() => break,
                Some(character) if character.is_ascii_alphanumeric() || character == '_' => {
                    name.push(character);
                }
                _ => return Err(INVALID_NAME.to_owned()),
            }
        }
        if self.names.insert(name) {
            Ok(())
        } else {
            Err("duplicate capture group name".to_owned())
        }
    }

    fn flags(&mut self) -> Result<(), String> {
        let mut flags = String::new();
        let mut is_off = false;
        let mut is_flag_missing = false;
        loop {
            match self.rest.next() {
                Some(flag @ ('i' | 'm' | 's' | 'U')) => {
                    flags.push(flag);
                    is_flag_missing = false;
                }
                Some('-') if !is_off => {
                    flags.push('-');
                    is_off = true;
                    is_flag_missing = true;
                }
                Some(':') if !is_flag_missing => {
                    self.depth += 1;
                    self.put(&format!("(?{flags}:"), Before::Nothing);
                    return Ok(());
                }
                Some(')') if !is_flag_missing => {
                    if !flags.is_empty() {
                        // Writing to a String cannot fail.
                        let _ = write!(self.written, "(?{flags})");
                    }
                    return Ok(());
                }
                _ => return Err(INVALID_PERL.to_owned()),
            }
        }
    }

    // Escapes.

    fn escape(&mut self) -> Result<(), String> {
        let Some(&character) = self.rest.peek() else {
            return Err("trailing backslash at end of expression".to_owned());
        };
        match character {
            'Q' => self.quoted(),
            'A' | 'z' | 'b' | 'B' => {
                self.rest.next();
                self.put(&format!(r"\{character}"), Before::Operand);
            }
            _ => {
                if let Some(class) = self.escaped_class()? {
                    self.put(&format!("[{class}]"), Before::Operand);
                } else {
                    let literal = self.escaped_literal()?;
                    self.put_literal(literal);
                }
            }
        }
        Ok(())
    }

    /// `\Q...\E`: all literal, up to the end where nothing ends it.
    fn quoted(&mut self) {
        self.rest.next();
        while self.rest.peek().is_some() && !self.take("\\E") {
            if let Some(literal) = self.rest.next() {
                self.put_literal(literal);
            }
        }
    }

    /// An escape that stands for many characters, as it is written inside a class.
    fn escaped_class(&mut self) -> Result<Option<String>, String> {
        let class = match self.rest.peek() {
            Some('d') => "0-9",
            Some('D') => "[^0-9]",
            Some('s') => r"\t\n\x0C\r\x20",
            Some('S') => r"[^\t\n\x0C\r\x20]",
            Some('w') => "0-9A-Za-z_",
            Some('W') => "[^0-9A-Za-z_]",
            Some('p' | 'P') => return self.unicode_class().map(Some),
            _ => return Ok(None),
        };
        self.rest.next();
        Ok(Some(class.to_owned()))
    }

    fn unicode_class(&mut self) -> Result<String, String> {
        let mut sign = self.rest.next().unwrap_or('p');
        let mut name = String::new();
        match self.rest.next() {
            Some('{') => loop {
                match self.rest.next() {
                    Some('}') => break,
                    Some('^') if name.is_empty() => sign = if sign == 'p' { 'P' } else { 'p' },
                    Some(character) if character.is_ascii_alphanumeric() || character == '_' => {
                        name.push(character);
                    }
                    _ => return Err(INVALID_RANGE.to_owned()),
                }
            },
            Some(character) if character.is_ascii_alphabetic() => name.push(character),
            _ => return Err(INVALID_RANGE.to_owned()),
        }
        if name.is_empty() {
            Err(INVALID_RANGE.to_owned())
        } else {
            Ok(format!(r"\{sign}{{{name}}}"))
        }
    }

    /// An escape that stands for one character; the backslash was read.
    fn escaped_literal(&mut self) -> Result<char, String> {
        let invalid = || INVALID_ESCAPE.to_owned();
        match self
            .rest
            .next()
            .ok_or_else(|| "trailing backslash at end of expression".to_owned())?
        {
            'a' => Ok('\x07'),
            'f' => Ok('\x0C'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\x0B'),
            'x' => self.hexadecimal(),
            // One digit alone would refer back to a group, which RE2 does not have.
            digit @ '1'..='7' if !matches!(self.rest.peek(), Some('0'..='7')) => {
                let _ = digit;
                Err(invalid())
            }
            digit @ '0'..='7' => {
                let mut code = digit as u32 - '0' as u32;
                for _ in 0..2 {
                    let Some(next) = self.rest.next_if(|next| matches!(next, '0'..='7')) else {
                        break;
                    };
                    code = code * 8 + (next as u32 - '0' as u32);
                }
                char::from_u32(code).ok_or_else(invalid)
            }
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => Ok(other),
            _ => Err(invalid()),
        }
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let mut digits = String::new();
        if self.take("{") {
            while let Some(digit) = self.rest.next_if(char::is_ascii_hexdigit) {
                digits.push(digit);
            }
            if !self.take("}") {
                return Err(INVALID_ESCAPE.to_owned());
            }
        } else {
            for _ in 0..2 {
                digits.extend(self.rest.next_if(char::is_ascii_hexdigit));
            }
            if digits.len() < 2 {
                return Err(INVALID_ESCAPE.to_owned());
            }
        }
        u32::from_str_radix(&digits, 16)
            .ok()
            .and_then(char::from_u32)
            .ok_or_else(|| INVALID_ESCAPE.to_owned())
    }

    // Classes.

    fn class(&mut self) -> Result<(), String> {
        self.put("[", Before::Operand);
        if self.rest.next_if_eq(&'^').is_some() {
            self.written.push('^');
        }
        let mut is_first = true;
        loop {
            match self.rest.peek() {
                None => return Err("missing closing ]".to_owned()),
                Some(']') if !is_first => {
                    self.rest.next();
                    self.written.push(']');
                    return Ok(());
                }
                _ => self.class_item()?,
            }
            is_first = false;
        }
    }

    fn class_item(&mut self) -> Result<(), String> {
        if let Some(posix) = self.posix_class()? {
            self.written.push_str(&posix);
            return Ok(());
        }
        let mut ahead = self.rest.clone();
        if ahead.next() == Some('\\')
            && matches!(ahead.peek(), Some('d' | 'D' | 's' | 'S' | 'w' | 'W' | 'p' | 'P'))
        {
            self.rest.next();
            if let Some(class) = self.escaped_class()? {
                self.written.push_str(&class);
            }
            return Ok(());
        }
        let low = self.class_character()?;
        let mut high = low;
        let mut ahead = self.rest.clone();
        if ahead.next() == Some('-') && !matches!(ahead.peek(), Some(']')) {
            self.rest = ahead;
            high = self.class_character()?;
            if high < low {
                return Err(INVALID_RANGE.to_owned());
            }
        }
        write_literal(&mut self.written, low);
        if high != low {
            self.written.push('-');
            write_literal(&mut self.written, high);
        }
        Ok(())
    }

    fn class_character(&mut self) -> Result<char, String> {
        match self.rest.next() {
            None => Err("missing closing ]".to_owned()),
            Some('\\') => self.escaped_literal(),
            Some(character) => Ok(character),
        }
    }

    /// `[:name:]`, where there is an end to it.
    fn posix_class(&mut self) -> Result<Option<String>, String> {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('[') || ahead.next() != Some(':') {
            return Ok(None);
        }
        let text: String = ahead.collect();
        let Some(end) = text.find(":]") else { return Ok(None) };
        let name = &text[..end];
        if !POSIX_CLASSES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(INVALID_RANGE.to_owned());
        }
        for _ in 0..name.len() + 4 {
            self.rest.next();
        }
        Ok(Some(format!("[:{name}:]")))
    }
}

const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Reads `n}`, `n,}` or `n,m}`; None when it is something else.
fn count(rest: &mut Peekable<Chars<'_>>) -> Option<(u32, Option<u32>)> {
    let least = number(rest)?;
    let most = if rest.next_if_eq(&',').is_none() {
        Some(least)
    } else if matches!(rest.peek(), Some('}')) {
        None
    } else {
        Some(number(rest)?)
    };
    rest.next_if_eq(&'}')?;
    Some((least, most))
}

/// Reads a number without leading zeros; one that is too long is larger than all that are allowed.
fn number(rest: &mut Peekable<Chars<'_>>) -> Option<u32> {
    let mut digits = String::new();
    while let Some(digit) = rest.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

fn write_literal(written: &mut String, literal: char) {
    if literal.is_ascii_alphanumeric() {
        written.push(literal);
    } else {
        // Writing to a String cannot fail.
        let _ = write!(written, r"\x{{{:X}}}", literal as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn what_is_special_to_one_of_the_two_only_keeps_its_meaning() {
        for (pattern, translated) in [
            (r"\<a", r"\x{3C}a"),
            ("a{x}", r"a\x{7B}x\x{7D}"),
            ("[a&&b]", r"[a\x{26}\x{26}b]"),
            (r"\Qa.b\E+", r"a\x{2E}b+"),
            (r"\012", r"\x{A}"),
            ("(?P<x>a)", "(?:a)"),
        ] {
            assert_eq!(translate(pattern).as_deref(), Ok(translated));
        }
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for (pattern, why) in [
            ("a**", "invalid nested repetition operator"),
            ("*", "missing argument to repetition operator"),
            ("a{1001}", "invalid repeat count"),
            ("[a", "missing closing ]"),
            ("(a", "missing closing )"),
            ("a)", "missing opening ("),
            (r"\1", "invalid escape sequence"),
            (r"a\", "trailing backslash at end of expression"),
            ("(?=a)", "invalid or unsupported Perl syntax"),
            ("(?<=a)", "invalid named capture"),
            ("(?<a>b)(?<a>b)", "duplicate capture group name"),
            ("[z-a]", "invalid character class range"),
            ("[[:foo:]]", "invalid character class range"),
        ] {
            assert_eq!(translate(pattern).unwrap_err(), why, "{pattern}");
        }
    }
}
