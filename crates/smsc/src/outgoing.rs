//! What the network sends to a platform: receipts, and parts of what phones wrote.

use facteur_smpp::receipt::MessageState;
use facteur_smpp::tlv::Tlvs;
use facteur_smpp::{Address, ShortMessage};

use crate::books::Entry;
use crate::network::Operator;
use crate::receipts::Receipt;

/// esm_class of a receipt and of a message with a user data header (section 5.2.12).
const ESM_RECEIPT: u8 = 0x04;
const ESM_UDHI: u8 = 0x40;

/// An address of ours, kept for later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OwnAddress {
    pub(crate) ton: u8,
    pub(crate) npi: u8,
    pub(crate) digits: Box<str>,
}

impl OwnAddress {
    /// A subscriber's number: international, E.164.
    pub(crate) fn phone(msisdn: u64) -> Self {
        Self { ton: 1, npi: 1, digits: msisdn.to_string().into() }
    }

    /// A short code, as French aggregators address them: network specific, E.164.
    pub(crate) fn short_code(digits: &str) -> Self {
        Self { ton: 3, npi: 1, digits: digits.into() }
    }

    fn borrow(&self) -> Address<'_> {
        Address { ton: self.ton, npi: self.npi, digits: self.digits.as_bytes() }
    }
}

/// One deliver_sm to come.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// The account that must have it.
    pub(crate) account: usize,
    /// The phone and the message on it that this belongs to.
    pub(crate) msisdn: u64,
    pub(crate) serial: u64,
    pub(crate) operator: Operator,
    /// The platform's address: the message's sender for a receipt, the short code for a reply.
    pub(crate) platform: OwnAddress,
    pub(crate) body: Body,
}

/// What it carries.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Receipt(Box<Receipt>),
    /// A part of what a phone wrote, with its user data header if it has one.
    Reply {
        data_coding: u8,
        octets: Box<[u8]>,
        header: bool,
    },
}

impl Outgoing {
    pub(crate) const fn is_receipt(&self) -> bool {
        matches!(self.body, Body::Receipt(_))
    }

    /// What the books say when the platform took it.
    pub(crate) fn taken(&self) -> Entry<'_> {
        let msisdn = self.msisdn;
        match &self.body {
            Body::Receipt(receipt) => {
                let delivered = receipt.outcome.state == MessageState::Delivered;
                Entry::ReceiptTaken { msisdn, id: &receipt.id, delivered }
            }
            Body::Reply { .. } => Entry::ReplyTaken { msisdn, code: &self.platform.digits },
        }
    }

    /// Builds the deliver_sm and hands it to `send`.
    pub(crate) fn with_message<T>(&self, send: impl FnOnce(&ShortMessage<'_>) -> T) -> T {
        let phone = OwnAddress::phone(self.msisdn);
        let plain = ShortMessage {
            source: phone.borrow(),
            destination: self.platform.borrow(),
            ..ShortMessage::default()
        };
        match &self.body {
            Body::Receipt(receipt) => {
                let (text, parameters) = (receipt.text(self.operator), receipt.parameters(self.operator));
                let tlvs = Tlvs(&parameters);
                send(&ShortMessage { esm_class: ESM_RECEIPT, text: text.as_bytes(), tlvs, ..plain })
            }
            Body::Reply { data_coding, octets, header } => {
                let esm_class = if *header { ESM_UDHI } else { 0 };
                send(&ShortMessage { esm_class, data_coding: *data_coding, text: octets, ..plain })
            }
        }
    }
}

/// The parts of what a phone writes to a short code.
pub(crate) fn reply(text: &str, reference: u8) -> Vec<Body> {
    let written = crate::text::write(text);
    let total = u8::try_from(written.parts.len()).unwrap_or(u8::MAX);
    let data_coding = written.data_coding;
    let part = |(octets, index): (Vec<u8>, u8)| {
        let header = total > 1;
        let octets = if header { [&[5, 0, 3, reference, total, index], &*octets].concat() } else { octets };
        Body::Reply { data_coding, octets: octets.into(), header }
    };
    written.parts.into_iter().zip(1..=u8::MAX).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::{Body, reply};

    fn check(text: &str, headers: &[Option<[u8; 6]>]) {
        let seen: Vec<Option<[u8; 6]>> = reply(text, 9)
            .iter()
            .map(|body| match body {
                Body::Reply { octets, header: true, .. } => octets.first_chunk().copied(),
                _ => None,
            })
            .collect();
        assert_eq!(seen, headers, "{text}");
    }

    #[test]
    fn only_a_long_reply_bears_headers() {
        check("OUI", &[None]);
        check(&"ê".repeat(70), &[None]);
        check(&"ê".repeat(71), &[Some([5, 0, 3, 9, 2, 1]), Some([5, 0, 3, 9, 2, 2])]);
    }
}
