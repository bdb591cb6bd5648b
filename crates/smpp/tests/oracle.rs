//! The codec against an independent one: what `rusmpp-core` accepts we decode alike, and what we
//! encode it decodes alike.

use bytes::{Bytes, BytesMut};
use facteur_smpp::frame::Framer;
use facteur_smpp::pdu::{
    self, Address, Bind, BindAnswer, Header, Received, ShortMessage, command, encode_answer,
    encode_answer_with_id, encode_bind, encode_bind_answer, encode_header, encode_short_message,
};
use facteur_smpp::status::Status;
use facteur_smpp::tlv::{self, Tlvs, tag};
use proptest::prelude::*;
use rusmpp_core::CommandStatus;
use rusmpp_core::command::owned::Command;
use rusmpp_core::decode::owned::DecodeWithLength;
use rusmpp_core::encode::{Encode, Length};
use rusmpp_core::pdus::owned::Pdu;
use rusmpp_core::tlvs::owned::Tlv;

/// The oracle's reading of one whole PDU.
fn theirs(pdu: &[u8]) -> Option<Command> {
    let mut rest = BytesMut::from(pdu.get(4..)?);
    let length = rest.len();
    Command::decode(&mut rest, length).ok().map(|(command, _)| command)
}

/// A short message with everything owned, so that both readings can be compared.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Owned {
    strings: [Vec<u8>; 5],
    octets: Vec<u8>,
    text: Vec<u8>,
    tlvs: Vec<u8>,
}

impl Owned {
    fn ours(message: &ShortMessage<'_>) -> Self {
        let strings = [
            message.service_type,
            message.source.digits,
            message.destination.digits,
            message.schedule_delivery_time,
            message.validity_period,
        ];
        let octets = [
            message.source.ton,
            message.source.npi,
            message.destination.ton,
            message.destination.npi,
            message.esm_class,
            message.protocol_id,
            message.priority,
            message.registered_delivery,
            message.replace_if_present,
            message.data_coding,
            message.default_message_id,
        ];
        let tlvs = message.tlvs.0.to_vec();
        Self {
            strings: strings.map(<[u8]>::to_vec),
            octets: octets.to_vec(),
            text: message.text.to_vec(),
            tlvs,
        }
    }
}

/// submit_sm and deliver_sm are different types there, with the same fields.
macro_rules! owned_sm {
    ($pdu:expr) => {{
        let strings = [
            $pdu.service_type.value().as_str(),
            $pdu.source_addr.as_str(),
            $pdu.destination_addr.as_str(),
            $pdu.schedule_delivery_time.as_str(),
            $pdu.validity_period.as_str(),
        ];
        let octets = vec![
            u8::from($pdu.source_addr_ton),
            u8::from($pdu.source_addr_npi),
            u8::from($pdu.dest_addr_ton),
            u8::from($pdu.dest_addr_npi),
            u8::from($pdu.esm_class),
            $pdu.protocol_id,
            u8::from($pdu.priority_flag),
            u8::from($pdu.registered_delivery),
            u8::from($pdu.replace_if_present_flag),
            u8::from($pdu.data_coding),
            $pdu.sm_default_msg_id,
        ];
        Owned {
            strings: strings.map(|text| text.as_bytes().to_vec()),
            octets,
            text: $pdu.short_message().to_vec(),
            tlvs: tlv_octets($pdu.tlvs()),
        }
    }};
}

/// The three binds are different types there, with the same fields.
macro_rules! owned_bind {
    ($pdu:expr) => {{
        let octets = |text: &str| text.as_bytes().to_vec();
        (
            octets($pdu.system_id.as_str()),
            octets($pdu.password.as_str()),
            octets($pdu.system_type.as_str()),
            u8::from($pdu.interface_version),
        )
    }};
}

fn their_message(pdu: &Pdu) -> Option<Owned> {
    match pdu {
        Pdu::SubmitSm(pdu) => Some(owned_sm!(pdu)),
        Pdu::DeliverSm(pdu) => Some(owned_sm!(pdu)),
        Pdu::DataSm(pdu) => {
            let strings = [
                pdu.service_type.value().as_str(),
                pdu.source_addr.as_str(),
                pdu.destination_addr.as_str(),
                "",
                "",
            ];
            let octets = vec![
                u8::from(pdu.source_addr_ton),
                u8::from(pdu.source_addr_npi),
                u8::from(pdu.dest_addr_ton),
                u8::from(pdu.dest_addr_npi),
                u8::from(pdu.esm_class),
                0,
                0,
                u8::from(pdu.registered_delivery),
                0,
                u8::from(pdu.data_coding),
                0,
            ];
            let strings = strings.map(|text| text.as_bytes().to_vec());
            Some(Owned { strings, octets, text: Vec::new(), tlvs: tlv_octets(pdu.tlvs()) })
        }
        _ => None,
    }
}

fn tlv_octets(tlvs: &[Tlv]) -> Vec<u8> {
    let mut out = vec![0; tlvs.iter().map(Length::length).sum()];
    tlvs.iter().fold(0, |at, tlv| at + tlv.encode(&mut out[at..]));
    out
}

fn message_commands() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![command::SUBMIT_SM, command::DELIVER_SM, command::DATA_SM])
}

/// Printable ASCII of at most `max` octets: the oracle takes no more in a C-octet string.
fn ascii(max: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0x20_u8..0x7F, 0..=max)
}

fn time() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(Vec::new()), proptest::collection::vec(b'0'..=b'9', 16)]
}

/// Parameters as SMSCs send them, whose values the oracle also checks.
fn tlvs() -> impl Strategy<Value = Vec<u8>> {
    let one = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(|value| (tag::MESSAGE_PAYLOAD, value)),
        ascii(64).prop_map(|mut id| {
            id.push(0);
            (tag::RECEIPTED_MESSAGE_ID, id)
        }),
        (1_u8..9).prop_map(|state| (tag::MESSAGE_STATE, vec![state])),
        any::<[u8; 2]>().prop_map(|reference| (tag::SAR_MSG_REF_NUM, reference.to_vec())),
        any::<u8>().prop_map(|total| (tag::SAR_TOTAL_SEGMENTS, vec![total])),
        any::<[u8; 3]>().prop_map(|code| (tag::NETWORK_ERROR_CODE, code.to_vec())),
        (0x1400_u16..0x3FFF, proptest::collection::vec(any::<u8>(), 0..20)),
    ];
    proptest::collection::vec(one, 0..4).prop_map(|parameters| {
        let mut out = BytesMut::new();
        parameters.iter().for_each(|(tag, value)| tlv::put(&mut out, *tag, value).expect("it is short"));
        out.to_vec()
    })
}

fn owned() -> impl Strategy<Value = Owned> {
    let strings = (ascii(5), ascii(20), ascii(20), time(), time());
    let octets = proptest::collection::vec(any::<u8>(), 11);
    let text = proptest::collection::vec(any::<u8>(), 0..=254);
    (strings, octets, text, tlvs()).prop_map(|((a, b, c, d, e), octets, text, tlvs)| Owned {
        strings: [a, b, c, d, e],
        octets,
        text,
        tlvs,
    })
}

fn view(owned: &Owned) -> ShortMessage<'_> {
    let [service_type, source, destination, schedule, validity] = &owned.strings;
    let o = &owned.octets;
    ShortMessage {
        service_type,
        source: Address { ton: o[0], npi: o[1], digits: source },
        destination: Address { ton: o[2], npi: o[3], digits: destination },
        esm_class: o[4],
        protocol_id: o[5],
        priority: o[6],
        schedule_delivery_time: schedule,
        validity_period: validity,
        registered_delivery: o[7],
        replace_if_present: o[8],
        data_coding: o[9],
        default_message_id: o[10],
        text: &owned.text,
        tlvs: Tlvs(&owned.tlvs),
    }
}

/// What a message becomes by travelling as `command_id`: a data_sm has fewer fields, and carries its
/// text as a parameter.
fn as_sent(command_id: u32, mut owned: Owned) -> Owned {
    if command_id == command::DATA_SM {
        owned.strings[3].clear();
        owned.strings[4].clear();
        for lacking in [5, 6, 8, 10] {
            owned.octets[lacking] = 0;
        }
        if !owned.text.is_empty() {
            let mut tlvs = BytesMut::new();
            tlv::put(&mut tlvs, tag::MESSAGE_PAYLOAD, &owned.text).expect("it is short");
            tlvs.extend_from_slice(&owned.tlvs);
            owned.tlvs = tlvs.to_vec();
            owned.text.clear();
        }
    }
    owned
}

fn encoded(command_id: u32, sequence: u32, message: &ShortMessage<'_>) -> BytesMut {
    let mut out = BytesMut::new();
    encode_short_message(command_id, sequence, message, &mut out).expect("it fits");
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    // smpp-submit-sm smpp-deliver-sm smpp-data-sm
    #[test]
    fn what_we_encode_they_decode_alike(command_id in message_commands(), sequence: u32, owned in owned()) {
        let pdu = encoded(command_id, sequence, &view(&owned));
        let command = theirs(&pdu).expect("the oracle reads what we write");
        prop_assert_eq!(u32::from(command.id()), command_id);
        prop_assert_eq!(command.sequence_number(), sequence);
        let expected = as_sent(command_id, owned);
        prop_assert_eq!(command.pdu().and_then(their_message), Some(expected.clone()));
        let ours = Received::parse(command_id, pdu.freeze().slice(16..)).unwrap();
        prop_assert_eq!(Owned::ours(&ours.view()), expected);
    }

    /// With up to three octets changed, most PDUs are still read by both, and some by neither; what
    /// they read, we read, and alike.
    #[test]
    fn what_they_decode_we_decode_alike(
        command_id in message_commands(),
        owned in owned(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut pdu = encoded(command_id, 1, &view(&owned));
        for (at, octet) in changes {
            let at = 16 + at.index(pdu.len() - 16);
            pdu[at] = octet;
        }
        if let Some(message) = theirs(&pdu).and_then(|command| command.pdu().and_then(their_message)) {
            let ours = Received::parse(command_id, Bytes::copy_from_slice(&pdu[16..]));
            prop_assert_eq!(ours.map(|ours| Owned::ours(&ours.view())), Ok(message));
        }
    }

    // smpp-bind
    #[test]
    fn binds_are_read_alike(
        system_id in ascii(15), password in ascii(8), system_type in ascii(12), interface_version: u8,
        kind in 0_usize..3, with_version: bool,
    ) {
        let request = [command::BIND_RECEIVER, command::BIND_TRANSMITTER, command::BIND_TRANSCEIVER][kind];
        let bind = Bind {
            system_id: &system_id,
            password: &password,
            system_type: &system_type,
            interface_version,
        };
        let mut out = BytesMut::new();
        encode_bind(request, 3, &bind, &mut out);
        let command = theirs(&out).expect("the oracle reads our bind");
        let found = match command.pdu() {
            Some(Pdu::BindReceiver(b)) => owned_bind!(b),
            Some(Pdu::BindTransmitter(b)) => owned_bind!(b),
            Some(Pdu::BindTransceiver(b)) => owned_bind!(b),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(found, (system_id.clone(), password.clone(), system_type.clone(), interface_version));
        prop_assert_eq!(Bind::parse(&out[16..]), Ok(bind));

        out.clear();
        encode_bind_answer(request, 3, &system_id, with_version, &mut out);
        let answer = theirs(&out).expect("the oracle reads our bind answer");
        let (found, version) = match answer.pdu() {
            Some(Pdu::BindReceiverResp(b)) => (b.system_id.clone(), b.sc_interface_version()),
            Some(Pdu::BindTransmitterResp(b)) => (b.system_id.clone(), b.sc_interface_version()),
            Some(Pdu::BindTransceiverResp(b)) => (b.system_id.clone(), b.sc_interface_version()),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(found.as_str().as_bytes(), &system_id);
        prop_assert_eq!(version.map(u8::from), with_version.then_some(0x34));
        let ours = BindAnswer::parse(&out[16..]);
        prop_assert_eq!(ours.system_id, &system_id[..]);
        prop_assert_eq!(ours.interface_version, with_version.then_some(0x34));
    }

    #[test]
    fn submit_answers_are_read_alike(id in ascii(64), sequence: u32) {
        let id = String::from_utf8(id).unwrap();
        let mut out = BytesMut::new();
        encode_answer_with_id(command::SUBMIT_SM, sequence, &id, &mut out).unwrap();
        let command = theirs(&out).expect("the oracle reads our answer");
        let Some(Pdu::SubmitSmResp(found)) = command.pdu() else { panic!("{command:?}") };
        prop_assert_eq!(found.message_id().as_str(), &id);
        prop_assert_eq!(pdu::message_id(&out[16..]), id);
    }
}

// smpp-header
#[test]
fn answers_without_a_body_have_the_standards_command_and_status() {
    for (request, name) in [
        (command::SUBMIT_SM, "SubmitSmResp"),
        (command::DELIVER_SM, "DeliverSmResp"),
        (command::UNBIND, "UnbindResp"),
        (command::ENQUIRE_LINK, "EnquireLinkResp"),
        (command::QUERY_SM, "QuerySmResp"),
        (command::CANCEL_SM, "CancelSmResp"),
        (command::REPLACE_SM, "ReplaceSmResp"),
        (command::SUBMIT_MULTI, "SubmitMultiResp"),
        (command::DATA_SM, "DataSmResp"),
        (command::BIND_TRANSCEIVER, "BindTransceiverResp"),
    ] {
        let mut out = BytesMut::new();
        encode_answer(request, 9, Status::THROTTLED, &mut out);
        let read = theirs(&out).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(format!("{:?}", read.id()), name);
        assert_eq!((read.status(), read.sequence_number()), (CommandStatus::EsmeRthrottled, 9));
    }
    for (command_id, name) in [
        (command::ENQUIRE_LINK, "EnquireLink"),
        (command::UNBIND, "Unbind"),
        (command::GENERIC_NACK, "GenericNack"),
    ] {
        let mut out = BytesMut::new();
        encode_header(Header { command_id, status: Status::OK, sequence: 5 }, &mut out);
        assert_eq!(format!("{:?}", theirs(&out).unwrap().id()), name);
    }
}

/// The oracle's names, of SMPP 5, are in camel case and call optional parameters TLVs.
fn their_name(status: Status) -> String {
    match CommandStatus::from(status.0) {
        CommandStatus::Other(_) => String::new(),
        CommandStatus::EsmeRinvtlvstream => "ESME_RINVOPTPARSTREAM".into(),
        CommandStatus::EsmeRtlvnotallwd => "ESME_ROPTPARNOTALLWD".into(),
        CommandStatus::EsmeRinvtlvlen => "ESME_RINVPARLEN".into(),
        CommandStatus::EsmeRmissingtlv => "ESME_RMISSINGOPTPARAM".into(),
        CommandStatus::EsmeRinvtlvval => "ESME_RINVOPTPARAMVAL".into(),
        CommandStatus::EsmeRxTAppn => "ESME_RX_T_APPN".into(),
        CommandStatus::EsmeRxPAppn => "ESME_RX_P_APPN".into(),
        CommandStatus::EsmeRxRAppn => "ESME_RX_R_APPN".into(),
        known => format!("{known:?}").to_uppercase().replacen("ESME", "ESME_", 1),
    }
}

// smpp-status
#[test]
fn statuses_have_the_names_that_the_oracle_gives_them() {
    // Above 0xFF stand statuses of SMPP 5, which we do not name, and OVH's own.
    for value in 0..=0xFF {
        let status = Status(value);
        assert_eq!(status.name().unwrap_or_default(), their_name(status), "{value:#x}");
        assert_eq!(Status::ALL.contains(&status), status.name().is_some(), "{value:#x}");
    }
}

// smpp-framing
#[test]
fn a_pdu_that_the_oracle_refuses_does_not_hide_the_next_one() {
    let address = |digits| Address { ton: 5, npi: 0, digits };
    let latin1 = ShortMessage { source: address(b"Caf\xE9"), text: b"un", ..ShortMessage::default() };
    let plain = ShortMessage { source: address(b"Cafe"), text: b"deux", ..ShortMessage::default() };
    let first = encoded(command::DELIVER_SM, 1, &latin1);
    assert_eq!(theirs(&first), None, "the oracle takes ASCII only");
    let mut framer = Framer::new(1024);
    framer.push(&first);
    framer.push(&encoded(command::DELIVER_SM, 2, &plain));
    for expected in [latin1, plain] {
        let frame = framer.next_frame().unwrap().unwrap();
        let received = Received::parse(frame.header.command_id, frame.body).unwrap();
        assert_eq!(received.view(), expected);
    }
}
