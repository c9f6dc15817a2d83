//! The line between a run and a worker: a greeting, an answer, and then a byte
//! every few seconds in both directions for as long as both are there.
//!
//! The greeting is `trainer VERSION TOKEN`, or without the token, and a line
//! feed; the answer is one of [`Answer`] and a line feed.

use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    str::FromStr,
    thread,
    time::Duration,
};

use super::Token;

/// Both sides are built from the same release: what they tell each other's
/// devices is burn's, and changes with it.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(5);

/// A side that was not heard for this long is gone: a network that was cut says
/// nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// How long the greeting and its answer may take.
const GREETING: Duration = Duration::from_secs(10);

/// More than any greeting or answer has.
const LONGEST_LINE: usize = 1024;

/// I am still here.
const ALIVE: u8 = b'.';
/// I am done, and all is well.
const FINISHED: u8 = b'!';

/// What a run says first.
#[derive(Debug)]
pub(super) struct Greeting {
    pub version: String,
    pub token: Option<Token>,
}

impl fmt::Display for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trainer {}", self.version)?;
        match &self.token {
            Some(token) => write!(f, " {}", token.as_str()),
            None => Ok(()),
        }
    }
}

impl FromStr for Greeting {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("trainer"), Some(version), token) => Ok(Self {
                version: version.to_owned(),
                token: token.and_then(Token::new),
            }),
            _ => Err(()),
        }
    }
}

/// What a worker says to a greeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The devices are yours, at this port.
    Yours { port: u16 },
    /// They are another run's, which comes from there.
    Busy { with: String },
    /// The token is not mine.
    WrongToken,
    /// I am of this version.
    OtherVersion { version: String },
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yours { port } => write!(f, "yours {port}"),
            Self::Busy { with } => write!(f, "busy {with}"),
            Self::WrongToken => f.write_str("token"),
            Self::OtherVersion { version } => write!(f, "version {version}"),
        }
    }
}

impl FromStr for Answer {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        match line.split_once(' ') {
            Some(("yours", port)) => port.parse().map(|port| Self::Yours { port }).map_err(drop),
            Some(("busy", with)) => Ok(Self::Busy {
                with: with.to_owned(),
            }),
            Some(("version", version)) => Ok(Self::OtherVersion {
                version: version.to_owned(),
            }),
            None if line == "token" => Ok(Self::WrongToken),
            _ => Err(()),
        }
    }
}

/// Sends one line.
pub(super) fn say(mut stream: &TcpStream, line: &impl fmt::Display) -> io::Result<()> {
    stream.set_write_timeout(Some(GREETING))?;
    stream.write_all(format!("{line}\n").as_bytes())
}

/// Waits for one line, and reads nothing after it.
pub(super) fn hear<T: FromStr>(mut stream: &TcpStream) -> io::Result<T> {
    let strange = || io::Error::new(ErrorKind::InvalidData, "what is there is no trainer");
    stream.set_read_timeout(Some(GREETING))?;
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        match byte[0] {
            b'\n' => break,
            _ if line.len() == LONGEST_LINE => return Err(strange()),
            byte => line.push(byte),
        }
    }
    let line = String::from_utf8(line).map_err(|_| strange())?;
    line.parse().map_err(|_| strange())
}

/// Gives signs of life until the line is cut.
pub(super) fn keep_alive(stream: TcpStream) {
    thread::spawn(move || {
        while (&stream).write_all(&[ALIVE]).is_ok() {
            thread::sleep(BEAT);
        }
    });
}

/// Tells the other side that all is well and the line is over.
pub(super) fn finish(mut stream: &TcpStream) -> io::Result<()> {
    stream.write_all(&[FINISHED])
}

/// Waits for the other side's end; whether it said that all is well.
pub(super) fn wait_for_end(mut stream: &TcpStream) -> bool {
    if stream.set_read_timeout(Some(SILENCE)).is_err() {
        return false;
    }
    let mut bytes = [0; 64];
    loop {
        match stream.read(&mut bytes) {
            Ok(1..) if bytes.contains(&FINISHED) => return true,
            Ok(1..) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use proptest::prelude::*;

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    #[test]
    fn a_greeting_arrives_with_its_token() {
        let (near, far) = pair();
        for token in [None, Some("a secret with blanks")] {
            let greeting = Greeting {
                version: VERSION.to_owned(),
                token: token.and_then(Token::new),
            };
            say(&near, &greeting).unwrap();
            let heard: Greeting = hear(&far).unwrap();
            assert_eq!(heard.version, VERSION);
            assert_eq!(heard.token.as_ref().map(Token::as_str), token);
        }
    }

    #[test]
    fn another_program_is_recognised() {
        let (near, far) = pair();
        (&near).write_all(b"GET / HTTP/1.1\r\n").unwrap();
        let error = hear::<Greeting>(&far).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        (&near).write_all(&[b'a'; LONGEST_LINE + 1]).unwrap();
        assert!(hear::<Greeting>(&far).is_err());
    }

    #[test]
    fn the_end_is_good_only_if_it_was_said_so() {
        let (near, far) = pair();
        keep_alive(near.try_clone().unwrap());
        finish(&near).unwrap();
        assert!(wait_for_end(&far));
        let (near, far) = pair();
        keep_alive(near.try_clone().unwrap());
        near.shutdown(std::net::Shutdown::Both).unwrap();
        assert!(!wait_for_end(&far));
    }

    proptest! {
        #[test]
        fn answers_are_read_as_they_were_said(port: u16, with in "[a-z0-9.:]{1,40}") {
            for answer in [
                Answer::Yours { port },
                Answer::Busy { with: with.clone() },
                Answer::WrongToken,
                Answer::OtherVersion { version: with },
            ] {
                prop_assert_eq!(answer.to_string().parse(), Ok(answer));
            }
        }

        #[test]
        fn no_line_is_too_strange(line in ".*") {
            let _ = line.parse::<Answer>();
            let _ = line.parse::<Greeting>();
        }
    }
}
