//! The commands that a run prints for its end, whatever that is: they work as printed, from
//! the folder that they are printed in.

use commands::{Programs, quoted_path};
use trainer::train::RunFolder;

use super::FitArguments;

/// What can be done with a run.
pub(super) struct NextSteps {
    /// Evaluates the exported model.
    pub evaluate: String,
    /// Goes on where the run was.
    pub go_on: String,
}

impl NextSteps {
    /// The commands for `run`, which was started with `arguments`.
    pub fn new(run: &RunFolder, arguments: &FitArguments) -> Self {
        let programs = Programs::get();
        let runtime = match &arguments.runtime.runtime {
            Some(path) => format!(" --runtime {}", quoted_path(path)),
            None => String::new(),
        };
        Self {
            evaluate: format!(
                "{} eval --model {}{runtime}",
                programs.infer(),
                quoted_path(run.model())
            ),
            go_on: format!(
                "{} fit --resume {}{}{runtime}",
                programs.trainer(),
                quoted_path(run.path()),
                arguments.start.device_flags()
            ),
        }
    }
}
