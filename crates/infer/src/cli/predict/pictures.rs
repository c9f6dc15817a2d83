//! Which pictures a command line names.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::iter;
use std::path::{Path, PathBuf};

use clap::Args;
use infer::{FindOptions, Picture, Pictures, find_in_folder, find_pictures};

use crate::cli::Failure;

/// Standard input, where a file is expected.
const STDIN: &str = "-";

/// Longest name in a list in bytes; systems allow a sixteenth of it.
const LONGEST_NAME: u64 = 64 << 10;

/// Arguments that name pictures.
#[derive(Debug, Args)]
pub struct PictureArgs {
    /// Image files, folders (their images at any depth), quoted patterns such
    /// as 'photos/**/*.jpg', or - for one image on standard input.
    #[arg(
        required_unless_present = "files_from",
        value_name = "FILE|DIR|PATTERN|-"
    )]
    words: Vec<PathBuf>,

    /// Also the files and folders listed in LIST, one a line (- for standard
    /// input), taken literally.
    #[arg(long, value_name = "LIST")]
    files_from: Option<PathBuf>,

    /// The list's names end with a zero byte instead of a line end
    /// (`find -print0`).
    #[arg(short = '0', long, requires = "files_from")]
    null: bool,

    /// Search folders only N levels deep; 1 takes the files directly in them.
    #[arg(short = 'd', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    max_depth: Option<u16>,

    /// Also search files and folders whose names start with a dot.
    #[arg(long)]
    hidden: bool,

    /// Also search folders behind symbolic links.
    #[arg(short = 'L', long)]
    follow: bool,
}

impl PictureArgs {
    /// The pictures, found while they are asked for.
    pub fn open(&self) -> Result<Pictures, Failure> {
        let is_stdin = |path: &PathBuf| path.as_os_str() == STDIN;
        let readers = self.words.iter().chain(&self.files_from);
        if readers.filter(|path| is_stdin(path)).count() > 1 {
            return Err(Failure::usage(
                "standard input (-) can be read only once",
                "put the image into a file, or the names into a list file",
            ));
        }
        let options = FindOptions {
            max_depth: self.max_depth.map(usize::from),
            hidden: self.hidden,
            follow_links: self.follow,
        };
        let words = self.words.clone().into_iter();
        let for_words = options.clone();
        let named = words.flat_map(move |word| -> Pictures {
            if is_stdin(&word) {
                Box::new(iter::once_with(|| Picture::read(STDIN, io::stdin())))
            } else {
                find_pictures(&word, &for_words)
            }
        });
        match &self.files_from {
            Some(list) => Ok(Box::new(named.chain(self.listed(list, options)?))),
            None => Ok(Box::new(named)),
        }
    }

    /// Whether it is one picture for sure: a file or standard input.
    pub fn is_one(&self) -> bool {
        let one = |word: &Path| word.as_os_str() == STDIN || word.is_file();
        self.files_from.is_none() && matches!(&self.words[..], [word] if one(word))
    }

    /// The pictures of a list.
    fn listed(&self, list: &Path, options: FindOptions) -> Result<Pictures, Failure> {
        let lines: Box<dyn BufRead + Send> = if list.as_os_str() == STDIN {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let file = File::open(list).map_err(|error| {
                Failure::new(
                    format!("cannot read {}: {error}", list.display()),
                    "pass the path of a text file with one image a line",
                )
            })?;
            Box::new(BufReader::new(file))
        };
        let list = list.to_path_buf();
        let (end, is_text) = if self.null { (0, false) } else { (b'\n', true) };
        Ok(Box::new(names(lines, end).flat_map(
            move |line| -> Pictures {
                match line {
                    Ok(name) if name.is_empty() => Box::new(iter::empty()),
                    Ok(name) => {
                        let path = match is_text {
                            true => text_path(name),
                            false => PathBuf::from(os_string(name)),
                        };
                        if path.is_dir() {
                            find_in_folder(&path, &options)
                        } else {
                            Box::new(iter::once(Picture::file(path)))
                        }
                    }
                    Err(error) => {
                        let error = dataset::DatasetError::Io {
                            action: "read",
                            path: list.clone(),
                            source: error,
                        };
                        Box::new(iter::once(Picture::missing(list.clone(), error.into())))
                    }
                }
            },
        )))
    }
}

/// The names of a list, without the byte that ends each. One that is too long to be a
/// file's ends the list with an error: it is no list, and would fill the memory.
fn names(mut list: Box<dyn BufRead + Send>, end: u8) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    let mut ended = false;
    iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut name = Vec::new();
        let read = (&mut list)
            .take(LONGEST_NAME + 1)
            .read_until(end, &mut name);
        ended = read.is_err();
        match read {
            Err(error) => return Some(Err(error)),
            Ok(0) => return None,
            Ok(_) => {}
        }
        if name.last() == Some(&end) {
            name.pop();
        } else if name.len() as u64 > LONGEST_NAME {
            ended = true;
            let reason = format!("a name has more than {LONGEST_NAME} bytes");
            return Some(Err(io::Error::other(reason)));
        }
        Some(Ok(name))
    })
}

/// The path in a line of a text, which an editor may have begun with a byte order mark or ended
/// as Windows does: unless there is a file of just that name.
fn text_path(line: Vec<u8>) -> PathBuf {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let name = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line);
    let name = name.strip_suffix(b"\r").unwrap_or(name);
    let plain = name.to_vec();
    let exact = PathBuf::from(os_string(line));
    match plain.len() < exact.as_os_str().len() && !exact.exists() {
        true => PathBuf::from(os_string(plain)),
        false => exact,
    }
}

/// A file's name may be any bytes on Unix.
#[cfg(unix)]
fn os_string(name: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(name)
}

/// Elsewhere it is Unicode.
#[cfg(not(unix))]
fn os_string(name: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&name).into_owned().into()
}
