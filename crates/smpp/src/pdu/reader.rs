//! A cursor over a PDU's body that never reads past it.

use super::BodyError;
use crate::status::Status;

/// A C-octet string's name, the most octets it may have (closing zero included), and what a longer
/// one is answered with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CString {
    pub(crate) name: &'static str,
    pub(crate) max: usize,
    pub(crate) status: Status,
}

#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn octet(&mut self, field: &'static str) -> Result<u8, BodyError> {
        let (octet, rest) = self.rest.split_first().ok_or_else(|| BodyError::cut(field))?;
        self.rest = rest;
        Ok(*octet)
    }

    pub(crate) fn octets(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], BodyError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| BodyError::cut(field))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The octets before the closing zero, within the field's bound (requirement
    /// smpp-field-lengths); whatever they are, since SMSCs put Latin-1 there (requirement
    /// smpp-latin1-addresses).
    pub(crate) fn c_string(&mut self, field: CString) -> Result<&'a [u8], BodyError> {
        let within = &self.rest[..self.rest.len().min(field.max)];
        match within.iter().position(|octet| *octet == 0) {
            Some(end) => {
                let text = &self.rest[..end];
                self.rest = &self.rest[end + 1..];
                Ok(text)
            }
            None if within.len() < field.max => Err(BodyError::cut(field.name)),
            None => Err(BodyError {
                field: field.name,
                problem: "is longer than SMPP allows",
                status: field.status,
            }),
        }
    }
}
