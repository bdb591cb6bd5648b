//! command_status values (SMPP 3.4, section 5.1.3; requirement smpp-status) and what they mean for
//! a submit.

use std::fmt;

/// A command_status.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u32);

/// What a submit answer asks of the sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// Taken.
    Done,
    /// Over the agreed rate or the queue is full: slow down and offer it again.
    Throttled,
    /// A passing fault: offer it again later.
    TryLater,
    /// Refused for good.
    Never,
}

/// Declares the constants and the one table from which names, lists and dispositions come, so that
/// a status cannot be in one and missing from another.
macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal, $disposition:ident;)*) => {
        impl Status {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// Every status that has a name here: section 5.1.3 whole, then OVH's private ones.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in the standard, as in `ESME_RTHROTTLED`, or `None` for a private one that
            /// we do not know.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }

            /// What it asks of the one who submitted (requirement smpp-status-disposition).
            ///
            /// - `Done`: only ESME_ROK.
            /// - `Throttled`: the sender is too fast for the agreement (ESME_RTHROTTLED, OVH's
            ///   ESME_RBINDTHROTTLED) or for the SMSC's store (ESME_RMSGQFUL).
            /// - `TryLater`: nothing in it says that the message is at fault: the SMSC or its
            ///   application is ill (ESME_RSYSERR, ESME_RX_T_APPN, ESME_RUNKNOWNERR,
            ///   ESME_RSUBMITFAIL without a reason), or the link is not in the state that the
            ///   submit needs (ESME_RINVBNDSTS). Vonage publishes nearly the same list for the
            ///   answers on which it tries again.
            /// - `Never`: the message itself, its addresses or its fields are refused.
            ///
            /// A status that is not in the table (reserved, private to an operator) is `TryLater`:
            /// giving up would lose a message over a word we do not know, and the caller bounds how
            /// often and how long it tries, so that nothing loops for ever.
            #[must_use]
            pub const fn disposition(self) -> Disposition {
                match self.0 {
                    $($value => Disposition::$disposition,)*
                    _ => Disposition::TryLater,
                }
            }
        }
    };
}

statuses! {
    /// ESME_ROK.
    OK = 0x00, "ESME_ROK", Done;
    /// ESME_RINVMSGLEN: short_message or its payload has an impossible length.
    INVALID_MESSAGE_LENGTH = 0x01, "ESME_RINVMSGLEN", Never;
    /// ESME_RINVCMDLEN: the PDU is too short or too long for its command.
    INVALID_COMMAND_LENGTH = 0x02, "ESME_RINVCMDLEN", Never;
    /// ESME_RINVCMDID: unknown or unsupported command.
    INVALID_COMMAND_ID = 0x03, "ESME_RINVCMDID", Never;
    /// ESME_RINVBNDSTS: the command does not fit the state of the session.
    INVALID_BIND_STATUS = 0x04, "ESME_RINVBNDSTS", TryLater;
    /// ESME_RALYBND: already bound.
    ALREADY_BOUND = 0x05, "ESME_RALYBND", Never;
    /// ESME_RINVPRTFLG.
    INVALID_PRIORITY = 0x06, "ESME_RINVPRTFLG", Never;
    /// ESME_RINVREGDLVFLG.
    INVALID_REGISTERED_DELIVERY = 0x07, "ESME_RINVREGDLVFLG", Never;
    /// ESME_RSYSERR: the SMSC, or part of it, is not available.
    SYSTEM_ERROR = 0x08, "ESME_RSYSERR", TryLater;
    /// ESME_RINVSRCADR.
    INVALID_SOURCE = 0x0A, "ESME_RINVSRCADR", Never;
    /// ESME_RINVDSTADR.
    INVALID_DESTINATION = 0x0B, "ESME_RINVDSTADR", Never;
    /// ESME_RINVMSGID.
    INVALID_MESSAGE_ID = 0x0C, "ESME_RINVMSGID", Never;
    /// ESME_RBINDFAIL.
    BIND_FAILED = 0x0D, "ESME_RBINDFAIL", Never;
    /// ESME_RINVPASWD.
    INVALID_PASSWORD = 0x0E, "ESME_RINVPASWD", Never;
    /// ESME_RINVSYSID.
    INVALID_SYSTEM_ID = 0x0F, "ESME_RINVSYSID", Never;
    /// ESME_RCANCELFAIL.
    CANCEL_FAILED = 0x11, "ESME_RCANCELFAIL", Never;
    /// ESME_RREPLACEFAIL.
    REPLACE_FAILED = 0x13, "ESME_RREPLACEFAIL", Never;
    /// ESME_RMSGQFUL.
    QUEUE_FULL = 0x14, "ESME_RMSGQFUL", Throttled;
    /// ESME_RINVSERTYP.
    INVALID_SERVICE_TYPE = 0x15, "ESME_RINVSERTYP", Never;
    /// ESME_RINVNUMDESTS.
    INVALID_DESTINATION_COUNT = 0x33, "ESME_RINVNUMDESTS", Never;
    /// ESME_RINVDLNAME.
    INVALID_LIST_NAME = 0x34, "ESME_RINVDLNAME", Never;
    /// ESME_RINVDESTFLAG.
    INVALID_DESTINATION_FLAG = 0x40, "ESME_RINVDESTFLAG", Never;
    /// ESME_RINVSUBREP.
    INVALID_SUBMIT_REPLACE = 0x42, "ESME_RINVSUBREP", Never;
    /// ESME_RINVESMCLASS.
    INVALID_ESM_CLASS = 0x43, "ESME_RINVESMCLASS", Never;
    /// ESME_RCNTSUBDL.
    CANNOT_SUBMIT_TO_LIST = 0x44, "ESME_RCNTSUBDL", Never;
    /// ESME_RSUBMITFAIL: not taken, without saying why.
    SUBMIT_FAILED = 0x45, "ESME_RSUBMITFAIL", TryLater;
    /// ESME_RINVSRCTON.
    INVALID_SOURCE_TON = 0x48, "ESME_RINVSRCTON", Never;
    /// ESME_RINVSRCNPI.
    INVALID_SOURCE_NPI = 0x49, "ESME_RINVSRCNPI", Never;
    /// ESME_RINVDSTTON.
    INVALID_DESTINATION_TON = 0x50, "ESME_RINVDSTTON", Never;
    /// ESME_RINVDSTNPI.
    INVALID_DESTINATION_NPI = 0x51, "ESME_RINVDSTNPI", Never;
    /// ESME_RINVSYSTYP.
    INVALID_SYSTEM_TYPE = 0x53, "ESME_RINVSYSTYP", Never;
    /// ESME_RINVREPFLAG.
    INVALID_REPLACE_FLAG = 0x54, "ESME_RINVREPFLAG", Never;
    /// ESME_RINVNUMMSGS.
    INVALID_MESSAGE_COUNT = 0x55, "ESME_RINVNUMMSGS", Never;
    /// ESME_RTHROTTLED.
    THROTTLED = 0x58, "ESME_RTHROTTLED", Throttled;
    /// ESME_RINVSCHED.
    INVALID_SCHEDULE = 0x61, "ESME_RINVSCHED", Never;
    /// ESME_RINVEXPIRY.
    INVALID_VALIDITY = 0x62, "ESME_RINVEXPIRY", Never;
    /// ESME_RINVDFTMSGID.
    INVALID_DEFAULT_MESSAGE = 0x63, "ESME_RINVDFTMSGID", Never;
    /// ESME_RX_T_APPN: the receiving application has a passing fault.
    RECEIVER_TEMPORARY = 0x64, "ESME_RX_T_APPN", TryLater;
    /// ESME_RX_P_APPN: the receiving application has a lasting fault.
    RECEIVER_PERMANENT = 0x65, "ESME_RX_P_APPN", Never;
    /// ESME_RX_R_APPN: the receiving application refuses the message.
    RECEIVER_REJECT = 0x66, "ESME_RX_R_APPN", Never;
    /// ESME_RQUERYFAIL.
    QUERY_FAILED = 0x67, "ESME_RQUERYFAIL", Never;
    /// ESME_RINVOPTPARSTREAM.
    INVALID_OPTIONAL_PART = 0xC0, "ESME_RINVOPTPARSTREAM", Never;
    /// ESME_ROPTPARNOTALLWD.
    OPTIONAL_NOT_ALLOWED = 0xC1, "ESME_ROPTPARNOTALLWD", Never;
    /// ESME_RINVPARLEN.
    INVALID_PARAMETER_LENGTH = 0xC2, "ESME_RINVPARLEN", Never;
    /// ESME_RMISSINGOPTPARAM.
    MISSING_OPTIONAL = 0xC3, "ESME_RMISSINGOPTPARAM", Never;
    /// ESME_RINVOPTPARAMVAL.
    INVALID_OPTIONAL_VALUE = 0xC4, "ESME_RINVOPTPARAMVAL", Never;
    /// ESME_RDELIVERYFAILURE: only in a data_sm_resp.
    DELIVERY_FAILURE = 0xFE, "ESME_RDELIVERYFAILURE", Never;
    /// ESME_RUNKNOWNERR.
    UNKNOWN_ERROR = 0xFF, "ESME_RUNKNOWNERR", TryLater;
    /// OVH: the bind goes over its rate.
    OVH_BIND_THROTTLED = 0x400, "ESME_RBINDTHROTTLED", Throttled;
    /// OVH: a data_coding it does not carry.
    OVH_UNSUPPORTED_DATA_CODING = 0x401, "ESME_RUNSDATACODING", Never;
    /// OVH: octets that are no GSM 03.38.
    OVH_INVALID_GSM7 = 0x402, "ESME_RINVGSM7CODING", Never;
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name where there is one, else the number: `ESME_RTHROTTLED (0x00000058)`, `0x00000401`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({:#010x})", self.0),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Disposition::{Done, Never, Throttled, TryLater};
    use super::*;

    // smpp-status-disposition
    #[test]
    fn each_status_asks_for_what_its_meaning_does() {
        for (value, disposition) in [
            (0x00, Done),
            (0x14, Throttled),
            (0x58, Throttled),
            (0x400, Throttled),
            (0x04, TryLater),
            (0x08, TryLater),
            (0x45, TryLater),
            (0x64, TryLater),
            (0xFF, TryLater),
            (0x0A, Never),
            (0x0B, Never),
            (0x01, Never),
            (0x65, Never),
            (0x66, Never),
            (0xFE, Never),
            (0x401, Never),
            (0x402, Never),
            // Not in the table: reserved, an operator's own, anything.
            (0x09, TryLater),
            (0x403, TryLater),
            (0x4FF, TryLater),
            (u32::MAX, TryLater),
        ] {
            assert_eq!(Status(value).disposition(), disposition, "{value:#x}");
        }
    }

    // smpp-status-disposition
    #[test]
    fn what_is_not_named_above_is_refused_for_good() {
        let passing = [0x00, 0x14, 0x58, 0x400, 0x04, 0x08, 0x45, 0x64, 0xFF];
        for status in Status::ALL {
            assert_eq!(status.disposition() != Never, passing.contains(&status.0), "{status}");
        }
    }

    #[test]
    fn the_table_is_whole_ordered_and_named() {
        assert!(Status::ALL.is_sorted_by(|a, b| a.0 < b.0), "and so without doubles");
        assert!(
            Status::ALL.iter().all(|status| status.name().is_some_and(|name| name.starts_with("ESME_R")))
        );
        let private: Vec<u32> =
            Status::ALL.iter().map(|status| status.0).filter(|value| *value > 0xFF).collect();
        assert_eq!(private, [0x400, 0x401, 0x402]);
    }

    #[test]
    fn statuses_show_their_name_and_number() {
        assert_eq!(format!("{:?}", Status::THROTTLED), "ESME_RTHROTTLED (0x00000058)");
        assert_eq!(Status(0x4321).to_string(), "0x00004321");
    }
}
