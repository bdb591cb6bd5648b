//! Files of consents and opt-outs: CSV in, entries out, with a report for each line. The command line
//! reads them as the API does.

use std::fmt;

use facteur_domain::Timestamp;
use facteur_store::{NewConsent, NewOptOut};

use crate::api::{consents, opt_outs};
use crate::error::Detail;
use crate::json::Faults;
use crate::json::tree::{Entry, Node};
use crate::table;

/// A file as it was read.
#[derive(Debug)]
pub struct Import<T> {
    /// The encoding that was found: `UTF-8` or `Windows-1252`.
    pub encoding: &'static str,
    /// The separator that was found: a semicolon, a comma or a tab.
    pub separator: char,
    /// Every line that is not blank, the heading left out.
    pub lines: Vec<ImportLine<T>>,
}

/// One line.
#[derive(Debug)]
pub struct ImportLine<T> {
    /// Where it stands in the file, from 1.
    pub line: u32,
    /// What it says, or everything that is wrong with it.
    pub entry: Result<T, Vec<ImportFault>>,
}

/// One thing that is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFault {
    /// In which column; empty for the line as a whole.
    pub column: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Why a file is no table that can be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTable {
    /// It is in UTF-16, or no text at all; in a sentence.
    NoText(&'static str),
    /// It is empty.
    Empty,
    /// Its first line cannot be read; behind "The heading".
    Heading(&'static str),
    /// Two columns have this name.
    Doubled(&'static str),
    /// Columns are missing.
    Missing {
        /// Which.
        missing: Vec<&'static str>,
        /// All that there may be.
        columns: Vec<&'static str>,
    },
}

impl fmt::Display for NoTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoText(why) => f.write_str(why),
            Self::Empty => f.write_str("The file is empty; its first line must name the columns."),
            Self::Heading(why) => write!(f, "The heading {why}."),
            Self::Doubled(name) => write!(f, "Two columns are called {name}."),
            Self::Missing { missing, columns } => write!(
                f,
                "The heading lacks {}. The columns are {}; their order does not matter, and others are passed over.",
                missing.join(", "),
                columns.join(", ")
            ),
        }
    }
}

/// What an import needs to know besides its file.
#[derive(Debug, Clone, Copy)]
pub struct ImportContext<'a> {
    /// Whose marketing it is about, where a line does not say.
    pub advertiser: &'a str,
    /// Now: nothing is collected in the future.
    pub now: Timestamp,
}

/// Names of columns in French, and others that people use, beside our own.
const OTHER_NAMES: [(&str, &[&str]); 10] = [
    (
        "number",
        &["numéro", "numero", "téléphone", "telephone", "mobile", "portable", "msisdn", "phone", "tel"],
    ),
    ("basis", &["base", "fondement"]),
    ("advertiser", &["annonceur", "marque", "brand"]),
    ("purpose", &["finalité", "finalite", "objet"]),
    ("collected_at", &["date", "collecté le", "collecte_le", "date de collecte", "date_collecte"]),
    ("text_shown", &["texte", "texte affiché", "texte_affiche", "mention"]),
    ("evidence", &["preuve", "justificatif"]),
    ("professional", &["professionnel", "pro"]),
    ("reason", &["motif", "raison"]),
    ("scope", &["portée", "portee"]),
];

impl<T> Import<T> {
    /// The separator in a word: `;`, `,` or `tab`.
    #[must_use]
    pub fn separator_name(&self) -> &'static str {
        match self.separator {
            ';' => ";",
            ',' => ",",
            _ => "tab",
        }
    }
}

impl From<ImportFault> for Detail {
    fn from(fault: ImportFault) -> Self {
        Self { message: fault.message.into(), field: fault.column.into(), rule: None }
    }
}

/// Reads a file of consents. Columns: `number`, `basis`, `purpose`, `collected_at`, `source` and
/// `text_shown`, which must be there, and `advertiser`, `evidence` and `professional`.
///
/// # Errors
/// The file is no table, or lacks a column, in a sentence.
pub fn read_consents(octets: &[u8], context: ImportContext<'_>) -> Result<Import<NewConsent>, NoTable> {
    read(octets, &consents::COLUMNS, consents::COLUMNS_REQUIRED, |entry, faults| {
        consents::read(entry, context, faults)
    })
}

/// Reads a file of opt-outs. Columns: `number`, which must be there, and `advertiser`, `scope` and
/// `reason`. Nothing in a file reaches beyond its workspace: `platform` is no scope there.
///
/// # Errors
/// As for [`read_consents`].
pub fn read_opt_outs(octets: &[u8]) -> Result<Import<NewOptOut>, NoTable> {
    read(octets, &opt_outs::COLUMNS, &["number"], |entry, faults| {
        opt_outs::read(entry, opt_outs::Reach::Workspace, "import", faults)
    })
}

fn read<T>(
    octets: &[u8],
    columns: &[&'static str],
    required: &[&'static str],
    entry: impl Fn(Entry, &mut Faults) -> Option<T>,
) -> Result<Import<T>, NoTable> {
    let (text, encoding) = table::decode(octets).map_err(NoTable::NoText)?;
    let separator = table::separator(&text);
    let mut records = table::records(&text, separator).into_iter();
    let heading = records.next().ok_or(NoTable::Empty)?;
    let heading = heading.values.map_err(NoTable::Heading)?;
    let names = heading_names(&heading, columns, required)?;
    let lines = records.map(|record| {
        let read = record.values.map_err(|why| vec![whole_line(format!("the line {why}"))]);
        ImportLine { line: record.line, entry: read.and_then(|values| line(&names, values, &entry)) }
    });
    Ok(Import { encoding, separator, lines: lines.collect() })
}

fn whole_line(message: String) -> ImportFault {
    ImportFault { column: String::new(), message }
}

/// The heading in our names; `None` for a column that is not ours, which is passed over.
fn heading_names(
    heading: &[String],
    columns: &[&'static str],
    required: &[&'static str],
) -> Result<Vec<Option<&'static str>>, NoTable> {
    let mut names: Vec<Option<&'static str>> = Vec::new();
    for column in heading {
        let given = column.trim().to_lowercase();
        let name =
            columns.iter().copied().find(|known| *known == given || others(known).contains(&given.as_str()));
        if let Some(name) = name
            && names.contains(&Some(name))
        {
            return Err(NoTable::Doubled(name));
        }
        names.push(name);
    }
    let missing: Vec<&'static str> =
        required.iter().copied().filter(|name| !names.iter().flatten().any(|known| known == name)).collect();
    if missing.is_empty() {
        return Ok(names);
    }
    Err(NoTable::Missing { missing, columns: columns.to_vec() })
}

fn others(name: &str) -> &'static [&'static str] {
    OTHER_NAMES.iter().find(|(known, _)| *known == name).map_or(&[], |(_, others)| *others)
}

fn line<T>(
    names: &[Option<&'static str>],
    values: Vec<String>,
    entry: &impl Fn(Entry, &mut Faults) -> Option<T>,
) -> Result<T, Vec<ImportFault>> {
    let (found, expected) = (values.len(), names.len());
    // Spreadsheets leave out what is empty at the end of a line.
    if found > expected && values[expected..].iter().any(|value| !value.trim().is_empty()) {
        return Err(vec![whole_line(format!("the line has {found} values, and the heading {expected}"))]);
    }
    let fields = names
        .iter()
        .zip(values)
        .filter_map(|(name, value)| name.map(|name| (name.to_owned(), Node::Text(value))));
    let mut faults = Faults::default();
    let read = entry(Entry::row(fields.collect()), &mut faults);
    let faults: Vec<ImportFault> = faults
        .into_details()
        .into_iter()
        .map(|detail| ImportFault { column: detail.field.into_owned(), message: detail.message.into_owned() })
        .collect();
    match read {
        Some(read) if faults.is_empty() => Ok(read),
        _ => Err(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: ImportContext<'static> =
        ImportContext { advertiser: "Ma Boutique", now: Timestamp::from_millis(1_800_000_000_000) };

    #[test]
    fn a_french_spreadsheet_is_read() {
        let file = b"T\xE9l\xE9phone;Base;Finalit\xE9;Date;Source;Texte;Age\r\n\
            06 12 34 56 78;consent;offres;01/06/2026 10:00;formulaire;\"J'accepte; oui\";42\r\n";
        let import = read_consents(file, CONTEXT).expect("reads");
        assert_eq!((import.encoding, import.separator), ("Windows-1252", ';'));
        let [line] = import.lines.as_slice() else { panic!("one line") };
        let consent = line.entry.as_ref().expect("a consent");
        assert_eq!((line.line, consent.number.to_string().as_str()), (2, "+33612345678"));
        assert_eq!(consent.text_shown, "J'accepte; oui");
        assert_eq!(consent.advertiser, "Ma Boutique");
        assert_eq!(consent.collected_at.to_string(), "2026-06-01T08:00:00.000Z");
    }

    #[test]
    fn every_bad_line_is_told_with_all_its_faults() {
        let file = "number,basis,purpose,collected_at,source,text_shown\n\
            12,perhaps,,hier,form,I agree\n\
            +33612345678,consent,offers,2026-06-01,form,I agree,too,many\n\
            \"+33612345678\"x,consent\n\
            +33612345679,consent,offers,2026-06-01,form,I agree,,\n";
        let import = read_consents(file.as_bytes(), CONTEXT).expect("reads");
        let told: Vec<(u32, Vec<&str>)> = import
            .lines
            .iter()
            .map(|line| {
                let faults = line.entry.as_ref().err();
                (line.line, faults.into_iter().flatten().map(|fault| fault.column.as_str()).collect())
            })
            .collect();
        let all = vec!["number", "basis", "purpose", "collected_at"];
        assert_eq!(told, [(2, all), (3, vec![""]), (4, vec![""]), (5, vec![])]);
    }

    #[test]
    fn a_file_that_is_no_table_says_why() {
        for (file, word) in [
            (&b""[..], "empty"),
            (b"a;b\n1;2", "lacks number"),
            (b"number;phone\n1;2", "Two columns"),
            (b"\xFF\xFEn\0", "UTF-16"),
        ] {
            let why = read_opt_outs(file).expect_err("no table").to_string();
            assert!(why.contains(word), "{why}");
        }
    }
}
