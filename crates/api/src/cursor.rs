//! Where a part of a list ended. Clients hand it back and look at it no further.

use crate::ApiError;
use axum::http::StatusCode;
use gofer_core::id::RunId;
use uuid::Uuid;

pub(crate) fn write(last: RunId) -> String {
    format!("r{}", last.0.simple())
}

pub(crate) fn read(cursor: &str) -> Result<RunId, ApiError> {
    let id = cursor
        .strip_prefix('r')
        .and_then(|id| Uuid::try_parse(id).ok());
    id.map(RunId).ok_or_else(|| {
        let message = "`after` must be the `next` of the part before".to_owned();
        ApiError::Malformed(StatusCode::BAD_REQUEST, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is() {
        let id = RunId(Uuid::from_u128(7));
        assert_eq!(read(&write(id)).unwrap(), id);
        for text in ["", "r", "rx", "7", "r7' OR 1=1"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
