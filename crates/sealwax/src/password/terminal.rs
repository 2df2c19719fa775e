//! The terminal, while a password is typed. It is asked directly, so that standard input may be an artifact.

use std::fs::File;
use std::io::{self, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::line::{Line, Step};

/// There is no terminal, or it cannot be told not to show what is typed.
#[derive(Debug)]
pub struct Absent(pub io::Error);

/// Asks, and reads a line without showing it; `None` if it was given up.
pub fn read_hidden(prompt: &str) -> Result<Option<Vec<u8>>, Absent> {
    let mut terminal = File::options().read(true).write(true).open("/dev/tty").map_err(Absent)?;
    let before = hide(&terminal).map_err(Absent)?;
    let line = ask(&mut terminal, prompt);
    // Restored on every way out: signals do not come from the keyboard meanwhile.
    let restored = tcsetattr(&terminal, OptionalActions::Now, &before);
    let _ = terminal.write_all(b"\n");
    restored.map_err(|error| Absent(error.into()))?;
    line.map_err(Absent)
}

/// Neither echo, nor lines, nor signals: each byte comes as it is typed. Returns how it was.
fn hide(terminal: &File) -> io::Result<Termios> {
    let before = tcgetattr(terminal)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
    hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
    hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(terminal, OptionalActions::Flush, &hidden)?;
    Ok(before)
}

fn ask(terminal: &mut File, prompt: &str) -> io::Result<Option<Vec<u8>>> {
    write!(terminal, "{}", crate::terminal::Escaped(prompt))?;
    let mut line = Line::default();
    let mut byte = [0];
    loop {
        match terminal.read(&mut byte) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) => return Ok(None),
            read => read?,
        };
        let [typed] = byte;
        match line.push(typed) {
            Step::More => {}
            Step::Done => return Ok(Some(line.into_bytes())),
            Step::Cancelled => return Ok(None),
        }
    }
}
