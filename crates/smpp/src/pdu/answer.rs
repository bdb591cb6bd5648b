//! Answers: submit_sm_resp, deliver_sm_resp, data_sm_resp and the bare ones.

use bytes::{BufMut, BytesMut};

use super::{EncodeError, Header, command};
use crate::status::Status;

/// The most octets of message_id (section 5.2.23), closing zero included.
const MESSAGE_ID_MAX: usize = 65;

/// What we read of a message_id at most. Longer than the standard's 64, because an id that is cut
/// would match no receipt, and bounded all the same.
const MESSAGE_ID_READ_MAX: usize = 255;

/// The message_id of a submit_sm_resp or data_sm_resp.
///
/// Real SMSCs leave out the closing zero, or the body. The answer still says that the message was
/// taken, so that nothing here fails: an absent id is empty, and octets that are not UTF-8 are
/// read as Latin-1 (requirement smpp-lenient-answers).
#[must_use]
pub fn message_id(body: &[u8]) -> String {
    let end = body.iter().position(|octet| *octet == 0).unwrap_or(body.len());
    super::text(&body[..end.min(MESSAGE_ID_READ_MAX)])
}

/// Writes the answer to `request` with a message_id: a submit_sm_resp or data_sm_resp that takes
/// the message.
///
/// # Errors
/// The id is over 64 octets or holds a zero; nothing is written then.
pub fn encode_answer_with_id(
    request: u32,
    sequence: u32,
    id: &str,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    if id.len() >= MESSAGE_ID_MAX {
        return Err(EncodeError::TooLong("message_id"));
    }
    if id.as_bytes().contains(&0) {
        return Err(EncodeError::HoldsZero("message_id"));
    }
    Header::answer(request, sequence, Status::OK).put(id.len() + 1, out);
    out.put_slice(id.as_bytes());
    out.put_u8(0);
    Ok(())
}

/// Writes the answer to `request` without a message_id: any error, and every answer that has no
/// body. A deliver_sm_resp keeps its one unused octet (section 4.6.2), as does a data_sm_resp.
pub fn encode_answer(request: u32, sequence: u32, status: Status, out: &mut BytesMut) {
    let header = Header::answer(request, sequence, status);
    if matches!(request, command::DELIVER_SM | command::DATA_SM) {
        header.put(1, out);
        out.put_u8(0);
    } else {
        header.put(0, out);
    }
}
