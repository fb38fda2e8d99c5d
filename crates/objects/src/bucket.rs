//! A bucket of S3, or of what speaks like it.

// `object_store` uses it; named here so that it leaves the choice of cryptography to us.
use crate::{Error, Objects};
use object_store::{
    ClientConfigKey,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
};
use reqwest as _;
use std::sync::Arc;

impl Objects {
    /// At `s3://BUCKET/PREFIX`. The region, the endpoint and the credentials are in the variables
    /// that everybody uses for them, such as `AWS_REGION`. Nothing is sent yet.
    pub fn in_bucket(
        place: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let no_place = || Error::NoPlace(place.to_owned());
        let named = place.strip_prefix("s3://").ok_or_else(no_place)?;
        let (bucket, prefix) = named.split_once('/').unwrap_or((named, ""));
        if bucket.is_empty() {
            return Err(no_place());
        }
        // Another one may be in place already; it does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
        let (mut endpoint, mut allows_http) = (None, false);
        for (name, value) in variables {
            let name = name.to_ascii_lowercase();
            if name.starts_with("aws_")
                && let Ok(key) = name.parse()
            {
                match key {
                    AmazonS3ConfigKey::Endpoint => endpoint = Some(value.clone()),
                    AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp) => {
                        allows_http = value.eq_ignore_ascii_case("true") || value == "1";
                    }
                    _ => {}
                }
                builder = builder.with_config(key, value);
            }
        }
        if let Some(endpoint) = endpoint.filter(|at| at.starts_with("http://") && !allows_http) {
            return Err(Error::NoTls(endpoint));
        }
        let store = builder.build()?;
        Ok(Self::over(Arc::new(store)).below(prefix))
    }
}
