//! Lines in, lines out, in the same order, worked on by all cores, in constant memory.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many finished answers may wait for an earlier one.
const MAX_WAITING: usize = 256;

/// The longest line: a bundle of 32 MiB as an object in it, and some room.
const MAX_LINE: u64 = 48 * 1024 * 1024;

/// A line of input, or why it could not be taken.
pub type Line = Result<Vec<u8>, TooLong>;

/// The line is longer than a line may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the line is longer than {MAX_LINE} bytes")]
pub struct TooLong;

struct Input<R> {
    reader: R,
    /// Lines read, blank ones too.
    lines: usize,
    next: usize,
    error: Option<io::Error>,
}

struct Output<W> {
    writer: W,
    next: usize,
    waiting: BTreeMap<usize, Vec<u8>>,
    error: Option<io::Error>,
}

/// Calls `work` with the number (from 1, blank ones counted) and content of every line that is not blank, on `threads`
/// threads, and writes what it returns, a line each, in the order of the input.
///
/// # Errors
/// Reading or writing failed; lines after that are not worked on.
pub fn map_lines(
    reader: impl BufRead + Send,
    writer: impl Write + Send,
    threads: usize,
    work: impl Fn(usize, Line) -> Vec<u8> + Sync,
) -> io::Result<()> {
    let input = Mutex::new(Input { reader, lines: 0, next: 0, error: None });
    let output = Mutex::new(Output { writer, next: 0, waiting: BTreeMap::new(), error: None });
    let drained = Condvar::new();
    // A function of its own, so that the lock is given back before the work begins.
    let next = || next_line(&mut lock(&input));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((turn, number, line)) = next() {
                    let owed = Owed { output: &output, drained: &drained };
                    let answer = work(number, line);
                    drop(owed);
                    if !deliver(&output, &drained, turn, answer) {
                        break;
                    }
                }
            });
        }
    });
    let input = input.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut output = output.into_inner().unwrap_or_else(PoisonError::into_inner);
    match output.error.take().or(input.error) {
        Some(error) => Err(error),
        None => output.writer.flush(),
    }
}

/// An answer that others may be waiting for. If the work panics, it never comes, and they are told so; joining the threads
/// then passes the panic on.
struct Owed<'a, W> {
    output: &'a Mutex<Output<W>>,
    drained: &'a Condvar,
}

impl<W> Drop for Owed<'_, W> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.output).error.get_or_insert_with(|| io::Error::other("a line could not be worked on"));
            self.drained.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Its turn, its number, and the line.
fn next_line<R: BufRead>(input: &mut Input<R>) -> Option<(usize, usize, Line)> {
    loop {
        if input.error.is_some() {
            return None;
        }
        let mut line = Vec::new();
        match io::Read::take(&mut input.reader, MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => {
                input.error = Some(error);
                return None;
            }
        }
        input.lines += 1;
        let whole = line.ends_with(b"\n") || (line.len() as u64) < MAX_LINE;
        if whole && line.trim_ascii().is_empty() {
            continue;
        }
        let turn = input.next;
        input.next += 1;
        if whole {
            return Some((turn, input.lines, Ok(line)));
        }
        if let Err(error) = skip_line(&mut input.reader) {
            input.error = Some(error);
        }
        return Some((turn, input.lines, Err(TooLong)));
    }
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let count = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(count);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// Hands an answer over, and writes all that are due; `false` once writing has failed.
fn deliver<W: Write>(
    output: &Mutex<Output<W>>,
    drained: &Condvar,
    number: usize,
    mut answer: Vec<u8>,
) -> bool {
    answer.push(b'\n');
    let mut state = lock(output);
    while state.error.is_none() && state.next != number && state.waiting.len() >= MAX_WAITING {
        state = drained.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state.waiting.insert(number, answer);
    while state.error.is_none() {
        let next = state.next;
        let Some(due) = state.waiting.remove(&next) else { break };
        state.next += 1;
        if let Err(error) = state.writer.write_all(&due) {
            state.error = Some(error);
        }
    }
    drained.notify_all();
    state.error.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let input: String = (0..5_000).map(|number| format!("{number}\n")).collect();
        let mut out = Vec::new();
        map_lines(input.as_bytes(), &mut out, 4, |number, line| {
            if number % 97 == 0 {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            line.unwrap().trim_ascii().to_vec()
        })
        .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), input);
    }

    #[test]
    fn lines_are_worked_on_at_the_same_time() {
        let inside = Mutex::new(0);
        let arrived = Condvar::new();
        let both = |_, _| {
            *lock(&inside) += 1;
            arrived.notify_all();
            let limit = std::time::Duration::from_secs(60);
            let (count, _) = arrived.wait_timeout_while(lock(&inside), limit, |inside| *inside < 2).unwrap();
            count.to_string().into_bytes()
        };
        let mut out = Vec::new();
        map_lines(&b"a\nb\n"[..], &mut out, 2, both).unwrap();
        assert_eq!(out, b"2\n2\n");
    }

    #[test]
    fn answers_that_must_wait_do_not_block_the_one_they_wait_for() {
        let lines = MAX_WAITING * 3;
        let input: String = (0..lines).map(|number| format!("{number}\n")).collect();
        let mut out = Vec::new();
        map_lines(input.as_bytes(), &mut out, 4, |number, line| {
            if number % MAX_WAITING == 0 {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            line.unwrap().trim_ascii().to_vec()
        })
        .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), input);
    }

    #[test]
    fn a_panic_leaves_nobody_waiting() {
        let input = "x\n".repeat(MAX_WAITING * 4);
        let mut out = Vec::new();
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            map_lines(input.as_bytes(), &mut out, 4, |number, _| {
                assert_ne!(number, 2, "on purpose");
                Vec::new()
            })
        }));
        assert!(ended.is_err());
        assert!(out.len() <= 1, "nothing after the answer that is missing");
    }

    #[test]
    fn blank_lines_do_not_count_and_the_last_needs_no_newline() {
        let mut out = Vec::new();
        map_lines(&b"a\n\n  \nb"[..], &mut out, 2, |number, line| {
            format!("{number}{}", line.unwrap().len()).into()
        })
        .unwrap();
        assert_eq!(out, b"12\n41\n");
    }

    #[test]
    fn a_writer_that_fails_ends_it() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let input = "x\n".repeat(10_000);
        let error = map_lines(input.as_bytes(), Broken, 2, |_, _| Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
