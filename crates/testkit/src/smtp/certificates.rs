//! An authority that nobody knows, and certificates of it.

use std::{net::IpAddr, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// A certificate for some names, with its key and who issued it, in PEM.
pub struct Certificates {
    pub authority: String,
    pub certificate: String,
    pub key: String,
}

impl Certificates {
    /// Of a new authority, for host names and addresses; none is valid for what is not named.
    #[must_use]
    pub fn issue(names: &[&str]) -> Self {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "Authority of a test");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a certificate can be made"))
                .expect("a certificate can be made");
        let key = KeyPair::generate().expect("a certificate can be made");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        debug_assert!(names.iter().all(|name| name.parse::<IpAddr>().is_ok() || !name.is_empty()));
        let certificate = CertificateParams::new(names)
            .expect("a certificate can be made")
            .signed_by(&key, &authority)
            .expect("a certificate can be made");
        Self { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Writes `ca.pem`, `cert.pem` and `key.pem`.
    pub fn write(&self, dir: &Path) {
        let Self { authority, certificate, key } = self;
        for (name, pem) in [("ca.pem", authority), ("cert.pem", certificate), ("key.pem", key)] {
            std::fs::write(dir.join(name), pem).expect("certificates can be written");
        }
    }

    /// The server's side of TLS with them.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        let chain: Result<_, _> = CertificateDer::pem_slice_iter(self.certificate.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a certificate can be made");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("a certificate can be made")
            .with_no_client_auth()
            .with_single_cert(chain.expect("a certificate can be made"), key)
            .expect("a certificate can be made");
        TlsAcceptor::from(Arc::new(config))
    }
}
