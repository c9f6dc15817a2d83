//! The data set that a model or a checkpoint was trained on, found again.

use std::path::{Path, PathBuf};

use contract::DatasetInfo;

use crate::origin::RunRecord;
use crate::source::open_for_model;
use crate::{Dataset, DatasetError, OpenOptions, Source, open};

/// What lies beside the record in the folder of a run.
const RECIPE: &str = "recipe.toml";

/// What a command line says of a data set. The rest is left to the run's record, then
/// to [`OpenOptions::default`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Which data set.
    pub source: Option<Source>,
    /// See [`OpenOptions::local`].
    pub local: Option<PathBuf>,
    /// See [`OpenOptions::data_dir`].
    pub data_dir: Option<PathBuf>,
    /// See [`OpenOptions::skip_broken`]; what a run was told holds on.
    pub skip_broken: bool,
}

impl Given {
    /// Returns where the data set is, if nothing else is known.
    pub fn options(&self) -> OpenOptions {
        let default = OpenOptions::default();
        OpenOptions {
            data_dir: self.data_dir.clone().unwrap_or(default.data_dir),
            local: self.local.clone(),
            skip_broken: self.skip_broken,
            ..default
        }
    }

    /// Returns where the data set is for a run that was told `recorded`: a folder that is
    /// given goes before an archive that was recorded.
    pub fn options_over(&self, recorded: OpenOptions) -> OpenOptions {
        let local = match (&self.local, &self.data_dir) {
            (Some(local), _) => Some(local.clone()),
            (None, Some(_)) => None,
            (None, None) => recorded.local,
        };
        OpenOptions {
            data_dir: self.data_dir.clone().unwrap_or(recorded.data_dir),
            local,
            skip_broken: self.skip_broken || recorded.skip_broken,
            ..recorded
        }
    }
}

/// Opens the data set that is given, else the one that `files` (models, checkpoints) were
/// trained on, which their contract describes as `trained_on`: a built-in one by its name,
/// another by the record of the run that one of the files belongs to. That is the
/// `run.json` beside or above the file; one of another data set is none. Images are labelled as
/// the model's `classes`: see [`Dataset::for_classes`]. A folder that is given need not be fit to
/// train on: it may lack splits and classes, and one without splits, of another name and other
/// contents than `trained_on`, is a test split as a whole.
///
/// # Errors
/// [`DatasetError::NotRecorded`], [`DatasetError::NoKnownClass`], [`DatasetError::RecordedPlaceGone`],
/// [`DatasetError::RunRecord`], and those of [`open`].
pub fn open_trained_on(
    trained_on: &DatasetInfo,
    classes: &[String],
    files: &[&Path],
    given: &Given,
) -> Result<Dataset, DatasetError> {
    let built_in = Source::built_in(&trained_on.name);
    match given.source.as_ref().or(built_in.as_ref()) {
        Some(Source::Cifar100) => open_cifar100(trained_on, files, given)?.for_classes(classes),
        Some(source) => open_for_model(source, &given.options(), trained_on, classes),
        None => open_recorded(trained_on, classes, files, given),
    }
}

fn open_recorded(
    trained_on: &DatasetInfo,
    classes: &[String],
    files: &[&Path],
    given: &Given,
) -> Result<Dataset, DatasetError> {
    let Some(record) = find_record(trained_on, files)? else {
        return Err(DatasetError::NotRecorded {
            name: trained_on.name.clone(),
            file: files
                .first()
                .map_or_else(PathBuf::new, |file| file.to_path_buf()),
        });
    };
    let (source, mut options) = record.place();
    options.skip_broken |= given.skip_broken;
    if let Source::Path(path) = &source
        && !path.exists()
    {
        return Err(DatasetError::RecordedPlaceGone {
            place: path.clone(),
            record: record.path(),
            flag: "--dataset PATH",
        });
    }
    let mut dataset = open_for_model(&source, &options, trained_on, classes)?;
    dataset
        .notes
        .insert(0, as_recorded(&source.to_string(), &record));
    Ok(dataset)
}

/// CIFAR-100 is the same wherever it lies, so a record is of use and not needed.
fn open_cifar100(
    trained_on: &DatasetInfo,
    files: &[&Path],
    given: &Given,
) -> Result<Dataset, DatasetError> {
    let source = Source::Cifar100;
    if given.local.is_some() || given.data_dir.is_some() {
        return open(&source, &given.options());
    }
    // A damaged record is no reason to look nowhere.
    let record = find_record(trained_on, files).ok().flatten();
    let Some(record) = record else {
        return open(&source, &given.options());
    };
    let (_, options) = record.place();
    let place = options.local.as_ref().unwrap_or(&options.data_dir).clone();
    if !place.exists() {
        return open(&source, &given.options()).map_err(|error| match error {
            DatasetError::Cifar100NotFound { .. } => DatasetError::RecordedPlaceGone {
                place,
                record: record.path(),
                flag: "--data-path PATH",
            },
            other => other,
        });
    }
    let mut dataset = open(&source, &options)?;
    dataset
        .notes
        .insert(0, as_recorded(&place.display().to_string(), &record));
    Ok(dataset)
}

fn as_recorded(place: &str, record: &RunRecord) -> String {
    format!("data set {place}, as {} says", record.path().display())
}

/// The record of a run on the data set `trained_on`, in the folder of one of `files` or
/// above it.
fn find_record(
    trained_on: &DatasetInfo,
    files: &[&Path],
) -> Result<Option<RunRecord>, DatasetError> {
    let mut damaged = None;
    for folder in files.iter().flat_map(|file| folders_of(file)) {
        match RunRecord::read(&folder) {
            Ok(Some(record)) if record.sha256() == trained_on.sha256 => return Ok(Some(record)),
            // Other programs have files of this name too.
            Err(error) if folder.join(RECIPE).is_file() => damaged = damaged.or(Some(error)),
            _ => {}
        }
    }
    damaged.map_or(Ok(None), Err)
}

/// The folders that `file` is in, the nearest first; then those that it is in behind links.
fn folders_of(file: &Path) -> Vec<PathBuf> {
    let paths = [std::path::absolute(file).ok(), file.canonicalize().ok()];
    let above = |path: PathBuf| -> Vec<PathBuf> {
        path.ancestors().skip(1).map(Path::to_path_buf).collect()
    };
    paths.into_iter().flatten().flat_map(above).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Origin;

    /// A project's folder with photos and a run on them.
    struct Project {
        root: tempfile::TempDir,
        trained_on: DatasetInfo,
        classes: Vec<String>,
    }

    impl Project {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            for class in ["a", "b"] {
                let folder = root.path().join("photos").join(class);
                fs::create_dir_all(&folder).unwrap();
                for number in 0..5 {
                    fs::write(folder.join(format!("{number}.png")), format!("{number}")).unwrap();
                }
            }
            let source = Source::Path(root.path().join("photos"));
            let dataset = open(&source, &OpenOptions::default()).unwrap();
            let project = Self {
                root,
                classes: dataset.classes,
                trained_on: DatasetInfo {
                    name: dataset.name,
                    sha256: dataset.sha256,
                    train: 8,
                    val: 0,
                    test: 2,
                    split: None,
                    copies_together: false,
                    test_fraction: None,
                },
            };
            project.write_record("runs/a", &source);
            project
        }

        fn path(&self, path: &str) -> PathBuf {
            self.root.path().join(path)
        }

        fn write_record(&self, run: &str, source: &Source) {
            let run = self.path(run);
            fs::create_dir_all(&run).unwrap();
            let origin = Origin::new(source, &OpenOptions::default(), &run).unwrap();
            let mut json = serde_json::to_value(origin).unwrap();
            json["contract"] =
                serde_json::json!({"training": {"dataset": {"sha256": self.trained_on.sha256}}});
            fs::write(run.join("run.json"), json.to_string()).unwrap();
        }

        fn open(&self, file: &Path) -> Result<Dataset, DatasetError> {
            open_trained_on(&self.trained_on, &self.classes, &[file], &Given::default())
        }
    }

    #[test]
    fn the_folder_is_found_from_beside_the_record_and_from_below_it() {
        let project = Project::new();
        for file in [
            "runs/a/model.onnx",
            "runs/a/checkpoints/best.safetensors",
            "runs/a/old/copy.onnx",
        ] {
            let dataset = project.open(&project.path(file)).unwrap();
            assert_eq!(dataset.sha256, project.trained_on.sha256);
            let note = &dataset.notes[0];
            let (photos, record) = (project.path("photos"), project.path("runs/a/run.json"));
            assert!(note.contains(&photos.display().to_string()), "{note}");
            assert!(note.contains(&record.display().to_string()), "{note}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_model_leads_to_its_run() {
        let project = Project::new();
        fs::write(project.path("runs/a/model.onnx"), "x").unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("newest.onnx");
        std::os::unix::fs::symlink(project.path("runs/a/model.onnx"), &link).unwrap();
        assert!(project.open(&link).is_ok());
    }

    #[test]
    fn what_is_given_goes_before_what_is_recorded() {
        let project = Project::new();
        let given = Given {
            source: Some(Source::Digits),
            ..Given::default()
        };
        let file = project.path("runs/a/model.onnx");
        let classes = ["7", "0"].map(String::from);
        let dataset = open_trained_on(&project.trained_on, &classes, &[&file], &given).unwrap();
        assert_eq!(
            (dataset.name.as_str(), &dataset.classes[..]),
            ("digits", &classes[..])
        );
    }

    #[test]
    fn a_record_of_other_data_is_none() {
        let mut project = Project::new();
        project.trained_on.sha256 = "another".to_owned();
        let error = project
            .open(&project.path("runs/a/model.onnx"))
            .unwrap_err();
        assert!(matches!(error, DatasetError::NotRecorded { .. }), "{error}");
        assert!(error.to_string().contains("'photos'"), "{error}");
        assert!(error.hint().unwrap().contains("--dataset"));
    }

    #[test]
    fn data_that_is_gone_and_a_record_that_is_damaged_are_named() {
        let project = Project::new();
        let file = project.path("runs/a/model.onnx");
        fs::rename(project.path("photos"), project.path("pictures")).unwrap();
        let error = project.open(&file).unwrap_err();
        let record = project.path("runs/a/run.json");
        for part in [project.path("photos"), record.clone()] {
            assert!(
                error.to_string().contains(part.to_str().unwrap()),
                "{error}"
            );
        }
        fs::write(record, "{").unwrap();
        let error = project.open(&file).unwrap_err();
        assert!(matches!(error, DatasetError::NotRecorded { .. }), "{error}");
        fs::write(project.path("runs/a/recipe.toml"), "").unwrap();
        let error = project.open(&file).unwrap_err();
        assert!(matches!(error, DatasetError::RunRecord { .. }), "{error}");
    }

    #[test]
    fn cifar100_is_looked_for_where_its_run_had_it_if_nothing_is_given() {
        let mut project = Project::new();
        project.trained_on.name = "cifar100".to_owned();
        let run = project.path("runs/c");
        fs::create_dir_all(&run).unwrap();
        let archive = project.path("cifar.tar.gz");
        fs::write(&archive, "no archive").unwrap();
        let options = OpenOptions {
            local: Some(archive.clone()),
            data_dir: project.path("data"),
            ..OpenOptions::default()
        };
        let origin = Origin::new(&Source::Cifar100, &options, &run).unwrap();
        let mut json = serde_json::to_value(origin).unwrap();
        json["contract"] =
            serde_json::json!({"training": {"dataset": {"sha256": project.trained_on.sha256}}});
        fs::write(run.join("run.json"), json.to_string()).unwrap();
        let error = project.open(&run.join("model.onnx")).unwrap_err();
        assert!(error.to_string().contains("cifar.tar.gz"), "{error}");
        fs::remove_file(archive).unwrap();
        let error = project.open(&run.join("model.onnx")).unwrap_err();
        assert!(error.to_string().contains("cifar.tar.gz"), "{error}");
        assert!(error.hint().unwrap().contains("--data-path"));
        // A folder that is given is where to look, and nowhere else.
        let given = Given {
            data_dir: Some(project.path("other")),
            ..Given::default()
        };
        let file = run.join("model.onnx");
        let error = open_trained_on(&project.trained_on, &project.classes, &[&file], &given);
        let error = error.unwrap_err();
        assert!(error.to_string().contains("other"), "{error}");
        let fetch = error.hint().unwrap();
        assert!(
            fetch.contains("trainer data fetch cifar100 --data-dir "),
            "{fetch}"
        );
    }

    #[test]
    fn a_given_folder_goes_before_a_recorded_archive() {
        let recorded = || OpenOptions {
            data_dir: "recorded".into(),
            local: Some("archive".into()),
            ..OpenOptions::default()
        };
        assert_eq!(Given::default().options_over(recorded()), recorded());
        let given = Given {
            data_dir: Some("given".into()),
            ..Given::default()
        };
        let options = OpenOptions {
            data_dir: "given".into(),
            ..OpenOptions::default()
        };
        assert_eq!(given.options_over(recorded()), options);
    }
}
