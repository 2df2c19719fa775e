//! A line that is typed and not shown, byte for byte, so that every way of ending it is ours.

use super::MAX_BYTES;

/// What a byte did to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on.
    More,
    /// It is whole.
    Done,
    /// Whoever types does not want to any more.
    Cancelled,
}

/// What was typed so far.
#[derive(Debug, Default)]
pub struct Line(Vec<u8>);

impl Line {
    /// Takes a byte, as a terminal without any editing of its own sends it.
    pub fn push(&mut self, byte: u8) -> Step {
        match byte {
            b'\r' | b'\n' => return Step::Done,
            0x04 if !self.0.is_empty() => return Step::Done, // ^D
            0x03 | 0x04 | 0x1c => return Step::Cancelled,    // ^C, ^D, ^\
            0x08 | 0x7f => self.erase(),
            0x15 => self.0.clear(), // ^U
            // What is too long is not cut: it becomes no password at all.
            _ if self.0.len() == MAX_BYTES => return Step::Cancelled,
            _ => self.0.push(byte),
        }
        Step::More
    }

    /// What was typed.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Removes the last character, which may be several bytes of UTF-8.
    fn erase(&mut self) {
        while self.0.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> (Step, Vec<u8>) {
        let mut line = Line::default();
        let step = bytes.iter().map(|byte| line.push(*byte)).find(|step| *step != Step::More);
        (step.unwrap_or(Step::More), line.into_bytes())
    }

    #[test]
    fn a_line_ends_edits_and_is_given_up() {
        assert_eq!(typed(b"ab\rcd"), (Step::Done, b"ab".to_vec()));
        assert_eq!(typed(b"ab\x04"), (Step::Done, b"ab".to_vec()));
        assert_eq!(typed("aü\x7fb\x08\x08\x08c\n".as_bytes()), (Step::Done, b"c".to_vec()));
        assert_eq!(typed(b"ab\x15c\n"), (Step::Done, b"c".to_vec()));
        for cancelled in [&b"ab\x03"[..], b"\x04", b"a\x1c", &[b'x'; MAX_BYTES + 1]] {
            assert_eq!(typed(cancelled).0, Step::Cancelled);
        }
        assert_eq!(typed(b"ab").0, Step::More);
    }
}
