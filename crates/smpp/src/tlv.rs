//! Optional parameters (SMPP 3.4, section 5.3).

/// Raw optional parameters, in the order they came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tlvs<'a>(pub &'a [u8]);

impl<'a> Tlvs<'a> {
    /// The value of the first parameter with this tag.
    #[must_use]
    pub fn get(self, tag: u16) -> Option<&'a [u8]> {
        let _ = tag;
        None
    }
}
