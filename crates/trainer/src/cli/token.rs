//! The secret between a run and its workers.

use std::path::PathBuf;

use clap::Args;
use commands::quoted_path;
use trainer::{TrainError, device::remote::Token};

#[derive(Debug, Clone, Args)]
pub struct TokenArguments {
    /// File with the secret that a run and its workers share, instead of the one in the
    /// environment variable TRAINER_TOKEN. It travels unencrypted
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl TokenArguments {
    /// The flag that says where the token is, if it was given.
    pub fn flags(&self) -> String {
        match &self.token_file {
            Some(path) => format!(" --token-file {}", quoted_path(path)),
            None => String::new(),
        }
    }

    /// The token, if there is one. Not an argument: everyone on the machine sees those.
    pub fn token(&self) -> Result<Option<Token>, TrainError> {
        match &self.token_file {
            Some(path) => Token::read(path).map(Some),
            None => Ok(std::env::var("TRAINER_TOKEN")
                .ok()
                .and_then(|text| Token::new(&text))),
        }
    }
}
