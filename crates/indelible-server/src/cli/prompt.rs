//! A secret from whoever types it, or from a pipe.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use crate::{cli::error::Failure, limits::TOKEN_INPUT_BYTES_MAX};

/// How a shell tells that Ctrl-C ended a command.
#[cfg(unix)]
const INTERRUPTED: i32 = 130;

/// The first line of the standard input; a terminal does not show what is typed.
pub(crate) fn token() -> Result<String, Failure> {
    let input = io::stdin();
    let hidden = if input.is_terminal() { Some(Hidden::ask("Token: ")?) } else { None };
    let mut line = Vec::new();
    input.lock().take(TOKEN_INPUT_BYTES_MAX + 1).read_until(b'\n', &mut line).map_err(Failure::because)?;
    drop(hidden);
    if line.len() as u64 > TOKEN_INPUT_BYTES_MAX {
        return Err(Failure::Usage(format!("the token is longer than {TOKEN_INPUT_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(line);
    let text =
        text.map_err(|_| Failure::Usage("what is on the standard input is no token: it is not UTF-8".to_owned()))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::Usage("there is no token on the standard input".to_owned()));
    }
    Ok(text.to_owned())
}

/// While it lives, the terminal does not show what is typed.
struct Hidden {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

impl Hidden {
    fn ask(question: &str) -> Result<Self, Failure> {
        let hidden = Self::silence()?;
        let mut err = io::stderr().lock();
        err.write_all(question.as_bytes()).and_then(|()| err.flush()).map_err(Failure::because)?;
        Ok(hidden)
    }

    #[cfg(unix)]
    fn silence() -> Result<Self, Failure> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin()).map_err(Failure::because)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // Whoever gives up gets a terminal back that shows what is typed.
        let given_up = Self { before: before.clone() };
        crate::cli::interrupt::then(move || {
            drop(given_up);
            std::process::exit(INTERRUPTED);
        })?;
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent).map_err(Failure::because)?;
        Ok(Self { before })
    }

    #[cfg(not(unix))]
    fn silence() -> Result<Self, Failure> {
        Ok(Self {})
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        #[cfg(unix)]
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Flush, &self.before);
        // The end of the line was not shown either.
        let _ = io::stderr().lock().write_all(b"\n");
    }
}
