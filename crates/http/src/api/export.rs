//! Exports: read and written a page at a time, so that the largest ledger costs no memory. An export
//! that breaks off ends its connection in disorder; a client never takes a part for the whole.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use facteur_store::StoreError;
use hyper::body::Frame;

use super::page::Params;
use crate::error::{ApiError, codes};

/// The form of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For spreadsheets.
    Csv,
    /// For programs: one JSON object a line.
    JsonLines,
}

impl Form {
    /// Takes out `format`.
    ///
    /// # Errors
    /// 400: another word.
    pub(super) fn take(params: &mut Params) -> Result<Self, ApiError> {
        match params.take("format").as_deref() {
            None | Some("csv") => Ok(Self::Csv),
            Some("jsonl") => Ok(Self::JsonLines),
            Some(_) => {
                let message = "format must be csv or jsonl.";
                Err(ApiError::new(&codes::INVALID_SEARCH_QUERY, message).at("format"))
            }
        }
    }

    /// An answer in this form, called `name` when it is saved.
    pub(crate) fn answer(self, name: &'static str, body: Body) -> Response {
        static DISPOSITION: HeaderName = header::CONTENT_DISPOSITION;
        let (kind, ending) = match self {
            Self::Csv => ("text/csv; charset=utf-8", "csv"),
            Self::JsonLines => ("application/jsonl", "jsonl"),
        };
        let mut response = body.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let disposition = format!("attachment; filename=\"{name}.{ending}\"");
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(DISPOSITION.clone(), disposition);
        }
        response
    }
}

/// The next piece and where to go on; `None` at the end.
pub(crate) type Piece<S> = Result<Option<(Bytes, S)>, StoreError>;
type Reading<S> = Pin<Box<dyn Future<Output = Piece<S>> + Send>>;

/// A body whose pieces are read one after another, each when the one before was taken.
pub(crate) fn streamed<S, F>(first: S, read: F) -> Body
where
    S: Send + Unpin + 'static,
    F: Fn(S) -> Reading<S> + Send + Unpin + 'static,
{
    Body::new(Streamed { reading: Some(read(first)), read })
}

struct Streamed<S, F> {
    reading: Option<Reading<S>>,
    read: F,
}

impl<S: Unpin, F: Fn(S) -> Reading<S> + Unpin> HttpBody for Streamed<S, F> {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let Poll::Ready(read) = reading.as_mut().poll(context) else { return Poll::Pending };
        self.reading = None;
        Poll::Ready(match read {
            Ok(None) => None,
            Ok(Some((piece, next))) => {
                self.reading = Some((self.read)(next));
                Some(Ok(Frame::data(piece)))
            }
            Err(why) => {
                tracing::error!(%why, "an export broke off");
                Some(Err(why))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(up_to: u8, fails: bool) -> Body {
        streamed(0, move |at: u8| {
            Box::pin(async move {
                match at {
                    at if at < up_to => Ok(Some((Bytes::from(vec![b'0' + at]), at + 1))),
                    _ if fails => Err(StoreError::Closed),
                    _ => Ok(None),
                }
            })
        })
    }

    #[tokio::test]
    async fn pieces_come_in_order_and_an_error_ends_the_body() {
        let whole = axum::body::to_bytes(counting(5, false), 100).await.expect("a body");
        assert_eq!(whole, "01234");
        assert!(axum::body::to_bytes(counting(3, true), 100).await.is_err());
        assert_eq!(axum::body::to_bytes(counting(0, false), 100).await.expect("a body"), "");
    }
}
