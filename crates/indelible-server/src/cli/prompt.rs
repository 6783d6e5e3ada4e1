//! A secret from whoever types it, or from a pipe.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use crate::{cli::error::Failure, limits::TOKEN_INPUT_BYTES_MAX};

/// The first line of the standard input; a terminal does not show what is typed.
pub(crate) fn token() -> Result<String, Failure> {
    let input = io::stdin();
    let hidden = if input.is_terminal() { Some(Hidden::ask("Token: ").map_err(Failure::because)?) } else { None };
    let mut text = String::new();
    input.lock().take(TOKEN_INPUT_BYTES_MAX + 1).read_line(&mut text).map_err(Failure::because)?;
    drop(hidden);
    if text.len() as u64 > TOKEN_INPUT_BYTES_MAX {
        return Err(Failure::Usage(format!("the token is longer than {TOKEN_INPUT_BYTES_MAX} bytes")));
    }
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
    fn ask(question: &str) -> io::Result<Self> {
        let mut err = io::stderr().lock();
        err.write_all(question.as_bytes())?;
        err.flush()?;
        #[cfg(unix)]
        {
            use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
            let before = tcgetattr(io::stdin())?;
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
            Ok(Self { before })
        }
        #[cfg(not(unix))]
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
