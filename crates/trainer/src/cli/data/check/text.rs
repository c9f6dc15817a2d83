//! The findings for people.

use super::findings::Findings;

/// Most lines of a section.
const SHOWN: usize = 20;

impl Findings {
    /// Counts, notes, and the sections that have something in them: a title, then a line each.
    pub fn to_text(&self) -> String {
        let mut lines = self.table();
        let notes = &self.dataset.notes;
        lines.extend(notes.iter().map(|note| format!("note: {note}")));
        let mut found_any = false;
        for (title, found) in self.sections() {
            if found.is_empty() {
                continue;
            }
            found_any = true;
            lines.push(format!("\n{title}: {}", found.len()));
            lines.extend(found.iter().take(SHOWN).map(|line| format!("  {line}")));
            if found.len() > SHOWN {
                let more = found.len() - SHOWN;
                lines.push(format!(
                    "  and {more} more; --json or --html FILE shows them"
                ));
            }
        }
        if !found_any {
            lines.push("every picture can be decoded, and none is there twice".to_owned());
        }
        match &self.suspects {
            Ok(suspects) if !suspects.few.is_empty() => {
                let few = suspects.few.iter().map(|&class| self.class(class));
                lines.push(format!(
                    "note: too few pictures to judge the labels of {}",
                    few.collect::<Vec<_>>().join(", ")
                ));
            }
            Ok(_) => {}
            Err(why) => lines.push(format!(
                "note: near copies, suspect labels and odd pictures were not looked for ({why})"
            )),
        }
        lines.join("\n")
    }

    fn sections(&self) -> Vec<(&'static str, Vec<String>)> {
        let broken = self.survey.broken.iter();
        let broken = broken.map(|picture| format!("{}: {}", picture.file, picture.reason));
        let pairs = |pairs: &[[String; 2]]| pairs.iter().map(|pair| pair.join(" = ")).collect();
        let mut sections = vec![
            ("cannot be decoded", broken.collect()),
            ("copies in two classes", pairs(&self.copies.across_classes)),
            ("copies in two splits", pairs(&self.copies.across_splits)),
            ("copies in one class", pairs(&self.copies.alike)),
        ];
        if let Ok(suspects) = &self.suspects {
            let file = |image: usize| self.pictures.describe(image);
            let near = suspects.near_copies.iter().map(|pair| {
                let (first, second) = (file(pair.first), file(pair.second));
                format!("{first} ~ {second}")
            });
            let labels = suspects.labels.iter().map(|issue| {
                let likely = self.class(issue.likely);
                format!("{}: more like {likely}", file(issue.image))
            });
            let odd = suspects.odd.iter().map(|&image| file(image));
            sections.extend([
                ("nearly the same", near.collect()),
                ("suspect labels", labels.collect()),
                ("like no other picture", odd.collect()),
            ]);
        }
        let survey = &self.survey;
        sections.extend([
            ("smaller than 32 pixels", survey.tiny.clone()),
            ("larger than 24 megapixels", survey.huge.clone()),
            (
                "longer than three times their width",
                survey.elongated.clone(),
            ),
        ]);
        // A set that is grey as a whole is meant to be.
        if survey.grey.len() < survey.pictures {
            sections.push(("without colour", survey.grey.clone()));
        }
        sections
    }

    /// The images of each class in each split, and of all.
    fn table(&self) -> Vec<String> {
        const TOTAL: &str = "all";
        let (splits, rows) = self.counts();
        let widths = rows.iter().map(|(class, _)| class.chars().count());
        let width = widths.max().unwrap_or(0).max(TOTAL.len());
        let line = |name: &str, cells: Vec<String>| {
            let cells: String = cells.iter().map(|cell| format!("  {cell:>7}")).collect();
            format!("{name:<width$}{cells}")
        };
        let texts = |counts: &[usize]| counts.iter().map(usize::to_string).collect();
        let names = splits.iter().map(|name| (*name).to_owned());
        let mut lines = vec![line("", names.collect())];
        let mut totals = vec![0; splits.len()];
        for (class, counts) in &rows {
            lines.push(line(class, texts(counts)));
            for (total, count) in totals.iter_mut().zip(counts) {
                *total += count;
            }
        }
        lines.push(line(TOTAL, texts(&totals)));
        lines
    }
}
