//! The states of a session (section 2.2), from the bind to the end.

use std::time::Instant;

use super::types::BindKind;
use crate::pdu::command;

impl BindKind {
    /// The command that asks for it.
    #[must_use]
    pub const fn command_id(self) -> u32 {
        match self {
            Self::Transmitter => command::BIND_TRANSMITTER,
            Self::Receiver => command::BIND_RECEIVER,
            Self::Transceiver => command::BIND_TRANSCEIVER,
        }
    }

    /// What `command_id` asks for, if it is a bind.
    #[must_use]
    pub const fn of_command(command_id: u32) -> Option<Self> {
        match command_id {
            command::BIND_TRANSMITTER => Some(Self::Transmitter),
            command::BIND_RECEIVER => Some(Self::Receiver),
            command::BIND_TRANSCEIVER => Some(Self::Transceiver),
            _ => None,
        }
    }

    /// Whether the client may submit.
    #[must_use]
    pub const fn transmits(self) -> bool {
        matches!(self, Self::Transmitter | Self::Transceiver)
    }

    /// Whether the client is delivered to.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::Receiver | Self::Transceiver)
    }
}

/// A bind that waits for the driver's word, on a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    pub(super) sequence: u32,
    pub(super) kind: BindKind,
    /// Whether the client knows optional parameters, which are new in 3.4.
    pub(super) knows_tlvs: bool,
}

/// Where a session stands. `until` is when it moves on by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Client: the bind is sent.
    Binding { kind: BindKind, sequence: u32, until: Option<Instant> },
    /// Server: no bind has come.
    Open { until: Option<Instant> },
    /// Server: a bind has come and the driver has not said yes or no.
    Asked(Asked),
    /// Bound.
    Bound(BindKind),
    /// We want to unbind and wait for the answers we are owed.
    Draining { kind: BindKind, until: Option<Instant> },
    /// Our unbind is sent.
    Unbinding { kind: BindKind, sequence: u32, until: Option<Instant> },
    /// The other side's unbind is answered; answers it still owes us are waited for.
    Leaving { until: Option<Instant> },
    /// Over.
    Closed,
}

impl Phase {
    /// How the session is bound for what comes from the other side, which may still be under way
    /// while we unbind.
    pub(super) const fn kind(self) -> Option<BindKind> {
        match self {
            Self::Bound(kind) | Self::Draining { kind, .. } | Self::Unbinding { kind, .. } => Some(kind),
            Self::Binding { .. }
            | Self::Open { .. }
            | Self::Asked(_)
            | Self::Leaving { .. }
            | Self::Closed => None,
        }
    }

    /// Whether the keep-alive runs.
    pub(super) const fn keeps_alive(self) -> bool {
        matches!(self, Self::Bound(_) | Self::Draining { .. })
    }

    pub(super) const fn until(self) -> Option<Instant> {
        match self {
            Self::Binding { until, .. }
            | Self::Open { until }
            | Self::Draining { until, .. }
            | Self::Unbinding { until, .. }
            | Self::Leaving { until } => until,
            Self::Asked(_) | Self::Bound(_) | Self::Closed => None,
        }
    }
}
