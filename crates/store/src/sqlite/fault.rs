//! What goes wrong inside a verb, and what its caller is told.

use rusqlite::ErrorCode;

use crate::StoreError;

/// Why a verb did not happen.
#[derive(Debug)]
pub(super) enum Fault {
    /// The verb's own answer; its neighbours in the batch are not touched.
    Verb(StoreError),
    /// SQLite's.
    Sql(rusqlite::Error),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Verb(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    /// What the caller is told.
    pub(super) fn into_answer(self) -> StoreError {
        match self {
            Self::Verb(error) => error,
            Self::Sql(error) => describe(&error),
        }
    }
}

/// What an error of SQLite means to a caller.
pub(super) fn describe(error: &rusqlite::Error) -> StoreError {
    let said = error.to_string();
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory,
        ) => StoreError::CannotWrite(said),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(said),
        _ => match error {
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::IntegralValueOutOfRange(..) => {
                StoreError::Damaged(said)
            }
            _ => StoreError::Internal(said),
        },
    }
}

/// Whether a statement failed because the row contradicts a constraint.
pub(super) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
