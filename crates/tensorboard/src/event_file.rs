//! The file that events are added to.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::SystemTime,
};

use prost::Message;

use crate::error::TensorboardError;
use crate::file_name::{self, since_epoch};
use crate::proto::{
    DataType, Event, PluginData, SessionLog, SessionStatus, Summary, SummaryMetadata, SummaryValue,
    TensorProto, TensorShapeProto, Value, What,
};
use crate::record;

/// The layout in which a start drops what an earlier process wrote.
const FILE_VERSION: &str = "brain.Event:2";

/// The events of one process of a run. Each one is handed to the system at
/// once: a process that is killed loses none, and TensorBoard follows a run
/// that goes on.
#[derive(Debug)]
pub struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// Creates an event file in `folder`, which must exist, for events of
    /// `first_step` and later: 0 for a new run. For a run that goes on it is the
    /// first step that will be seen again: TensorBoard forgets what an earlier
    /// process wrote of it and of later ones. `wall_time` is now.
    ///
    /// # Errors
    /// [`TensorboardError`] if the file cannot be created or written.
    pub fn create(
        folder: &Path,
        first_step: usize,
        wall_time: SystemTime,
    ) -> Result<Self, TensorboardError> {
        let open = || {
            let path = folder.join(file_name::next(folder, wall_time)?);
            let file = File::create_new(&path)?;
            Ok(Self { file, path })
        };
        let mut events = open().map_err(|source| TensorboardError::Create {
            folder: folder.to_owned(),
            source,
        })?;
        events.add(0, wall_time, What::FileVersion(FILE_VERSION.to_owned()))?;
        // A new run too: TensorBoard takes a run's second start for the restart.
        let status = SessionStatus::Start.into();
        let start = What::SessionLog(SessionLog { status });
        events.add(first_step, wall_time, start)?;
        Ok(events)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a point to the plot of `tag`; a `/` in it parts the plot's section
    /// from its name (`loss/train`). `step` counts over the whole run, and
    /// alike for every tag.
    ///
    /// # Errors
    /// [`TensorboardError::Write`]; nothing can be added after it.
    pub fn scalar(
        &mut self,
        tag: &str,
        step: usize,
        wall_time: SystemTime,
        value: f32,
    ) -> Result<(), TensorboardError> {
        let value = SummaryValue {
            tag: tag.to_owned(),
            value: Some(Value::SimpleValue(value)),
            metadata: None,
        };
        self.add_summary(step, wall_time, value)
    }

    /// Adds a text, which TensorBoard shows as Markdown.
    ///
    /// # Errors
    /// As [`scalar`](Self::scalar).
    pub fn text(
        &mut self,
        tag: &str,
        step: usize,
        wall_time: SystemTime,
        markdown: &str,
    ) -> Result<(), TensorboardError> {
        let text = TensorProto {
            dtype: DataType::DtString.into(),
            tensor_shape: Some(TensorShapeProto {}),
            string_val: vec![markdown.as_bytes().to_vec()],
        };
        let plugin = PluginData {
            plugin_name: "text".to_owned(),
        };
        let value = SummaryValue {
            tag: tag.to_owned(),
            value: Some(Value::Tensor(text)),
            metadata: Some(SummaryMetadata {
                plugin_data: Some(plugin),
            }),
        };
        self.add_summary(step, wall_time, value)
    }

    fn add_summary(
        &mut self,
        step: usize,
        wall_time: SystemTime,
        value: SummaryValue,
    ) -> Result<(), TensorboardError> {
        let value = vec![value];
        self.add(step, wall_time, What::Summary(Summary { value }))
    }

    fn add(
        &mut self,
        step: usize,
        wall_time: SystemTime,
        what: What,
    ) -> Result<(), TensorboardError> {
        let event = Event {
            wall_time: since_epoch(wall_time).as_secs_f64(),
            step: step as i64,
            what: Some(what),
        };
        let record = record::frame(&event.encode_to_vec());
        self.file
            .write_all(&record)
            .map_err(|source| TensorboardError::Write {
                path: self.path.clone(),
                source,
            })
    }
}
