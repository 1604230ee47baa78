//! Explains why TLS failed: what is wrong, and which option or file to check.
//!
//! Pure functions. The texts must not contain the content of any file.

use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// The explanation of a TLS error with `host`. `None` if the error is not a TLS error.
pub(super) fn reason(error: &io::Error, host: &str) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let (what, advice) = match error {
        Error::InvalidCertificate(refusal) => certificate(refusal, host),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (
            "the answer is not TLS".to_owned(),
            "name the broker's TLS port, by default 5671, or leave `ssl=true` out",
        ),
        Error::AlertReceived(alert) if is_about_certificates(*alert) => (
            "the broker does not accept this client's certificate, or requires one".to_owned(),
            "check `ssl_cert_file` and `ssl_key_file`",
        ),
        _ => (
            "no agreement with the broker".to_owned(),
            "check the broker's TLS options: TLS 1.2 and 1.3 are offered here",
        ),
    };
    Some(format!("TLS failed: {what} ({error}); {advice}"))
}

fn certificate(refusal: &CertificateError, host: &str) -> (String, &'static str) {
    match refusal {
        CertificateError::UnknownIssuer => (
            "no trusted authority has signed the broker's certificate".to_owned(),
            "name the file of the authority that has signed it with `ssl_ca_file`",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "the broker's certificate, or its authority's, has expired".to_owned(),
            "renew it, or check this machine's clock",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "the broker's certificate is not valid yet".to_owned(),
            "check this machine's clock",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            format!("the broker's certificate is not for the host `{host}`"),
            "write the host in the transport URL as the certificate names it",
        ),
        _ => (
            "the broker's certificate cannot be trusted".to_owned(),
            "check the broker's certificate, and `ssl_ca_file`",
        ),
    }
}

/// Whether the broker sends this alert because it refuses the client's certificate, or because there is none.
fn is_about_certificates(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
    )
}
