//! What the errors of a bucket mean, and what a person can do about them.

use crate::Error;
use object_store::Error as Raw;

/// Where machines of a cloud ask for credentials of their own.
const METADATA: [&str; 2] = ["169.254.169.254", "169.254.170.2"];
/// What buckets say to whom they do not know, or do not let in.
const REFUSALS: [&str; 5] = [
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AccessDenied",
    "ExpiredToken",
    "InvalidToken",
];
const MOST_WORDS: usize = 200;

/// `None`: nothing that is known about buckets.
pub(crate) fn of_bucket(error: &Raw) -> Option<Error> {
    let text = error.to_string();
    if METADATA.iter().any(|host| text.contains(host)) {
        let why = "no credentials are set, and the machine has none of its own".to_owned();
        return Some(Error::Unauthorized(why));
    }
    if code(&text) == Some("NoSuchBucket") {
        return Some(Error::NoBucket);
    }
    let is_refused = code(&text).is_some_and(|code| REFUSALS.contains(&code));
    match error {
        Raw::Generic { .. } if is_refused => Some(Error::Unauthorized(said(&text))),
        Raw::PermissionDenied { .. } | Raw::Unauthenticated { .. } => {
            Some(Error::Unauthorized(said(&text)))
        }
        Raw::Generic { .. } if is_silence(&text) => Some(Error::Away(cause(error))),
        Raw::Generic { .. } if code(&text).is_some() => Some(Error::Failed(said(&text))),
        _ => None,
    }
}

/// Nobody answers, or not as somebody who could.
fn is_silence(text: &str) -> bool {
    let is_broken = text.contains("HTTP error") && !text.contains("builder error");
    is_broken || text.contains("non-2xx status code: 5") || text.contains("code: 429")
}

/// The last cause: what the system said. What is above it names our own layers, and the address.
fn cause(error: &Raw) -> String {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    said(&cause.to_string())
}

/// The words of an answer without its document: that may name a key.
fn said(text: &str) -> String {
    let code = code(text).map(|code| match between(text, "Message") {
        Some(words) => format!("{code}: {words}"),
        None => code.to_owned(),
    });
    let words = code.unwrap_or_else(|| {
        let line = text.lines().next().unwrap_or_default();
        line.split("<?xml").next().unwrap_or_default().to_owned()
    });
    words
        .chars()
        .take(MOST_WORDS)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn code(text: &str) -> Option<&str> {
    between(text, "Code").filter(|code| code.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn between<'a>(text: &'a str, element: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{element}>"))?;
    rest.split_once(&format!("</{element}>"))
        .map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(words: &str) -> Raw {
        Raw::Generic {
            store: "S3",
            source: words.to_owned().into(),
        }
    }

    #[test]
    fn what_a_bucket_says_is_sorted_by_what_a_person_can_do() {
        let xml = "Server returned non-2xx status code: 403 Forbidden: <?xml version=\"1.0\"?>\n\
                   <Error><Code>SignatureDoesNotMatch</Code><Message>It does not match.</Message>\
                   <AWSAccessKeyId>AKIAKEY</AWSAccessKeyId><StringToSign>x</StringToSign></Error>";
        let Some(Error::Unauthorized(words)) = of_bucket(&generic(xml)) else {
            panic!("{:?}", of_bucket(&generic(xml)));
        };
        assert_eq!(words, "SignatureDoesNotMatch: It does not match.");
        for away in [
            "Error performing GET in 3s, after 10 retries - HTTP error: error sending request",
            "Server returned non-2xx status code: 503 Service Unavailable: slow down",
        ] {
            let found = of_bucket(&generic(away));
            assert!(matches!(found, Some(Error::Away(_))), "{away}: {found:?}");
        }
        let gone = "404 Not Found: <Error><Code>NoSuchBucket</Code></Error>";
        assert!(matches!(of_bucket(&generic(gone)), Some(Error::NoBucket)));
        let alone = "Error performing PUT http://169.254.169.254/latest/api/token";
        let found = of_bucket(&generic(alone));
        assert!(matches!(found, Some(Error::Unauthorized(_))), "{found:?}");
        assert!(of_bucket(&generic("something else")).is_none());
    }
}
