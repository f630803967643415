//! Opens a connection: address, connection, TLS, login, each with what can go wrong in it.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use common::{
    config::MailSettings,
    outgoing::{OutgoingError, resolve_public},
};
use lettre::transport::smtp::{
    Error as SmtpError,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, AsyncTokioStream},
    commands::Starttls,
    extension::ClientId,
};
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, AlertDescription, ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use super::{
    connection::{OpenError, Refusal, Verdict},
    reply::{Reply, broken, described, late, lost},
    wire::{Shared, Wire},
};
use crate::email::outlet::{MailServer, Owner, Security};

/// An open session, logged in where the server has a login. `begins` hears of each step before it is taken.
///
/// # Errors
/// The step that failed, and why. The password was sent only if the step is `login`.
pub(super) async fn open(
    server: &MailServer,
    mail: &MailSettings,
    allow_private: bool,
    mut begins: impl FnMut(&'static str),
) -> Result<AsyncSmtpConnection, OpenError> {
    begins("address");
    let address = address(server, mail, allow_private).await.map_err(at("address"))?;
    begins("connect");
    let tcp = connect(address, mail.timeout).await.map_err(at("connect"))?;
    let opening = Opening { server, mail, address, hello: ClientId::default() };
    let mut smtp = match server.security {
        Security::Plain => opening.greet(Wire::fresh(Shared::new(tcp), address)).await.map_err(at("connect"))?,
        Security::StartTls => {
            let shared = Shared::new(tcp);
            let plain = opening.greet(Wire::fresh(shared.clone(), address)).await.map_err(at("connect"))?;
            begins("tls");
            opening.start_tls(plain, shared).await.map_err(at("tls"))?
        }
        Security::Tls => {
            begins("tls");
            let sealed = opening.handshake(tcp).await.map_err(at("tls"))?;
            opening.greet(Wire::fresh(sealed, address)).await.map_err(at("connect"))?
        }
    };
    if server.login.is_some() {
        begins("login");
    }
    opening.login(&mut smtp).await.map_err(at("login"))?;
    Ok(smtp)
}

fn at(step: &'static str) -> impl Fn(Refusal) -> OpenError {
    move |refusal| OpenError { step, refusal }
}

fn unusable(reason: String) -> Refusal {
    lost(Verdict::Unusable, reason)
}

fn away(reason: String) -> Refusal {
    lost(Verdict::SlowDown(None), reason)
}

/// The address that was checked is the one that is connected to.
async fn address(server: &MailServer, mail: &MailSettings, allow_private: bool) -> Result<SocketAddr, Refusal> {
    let MailServer { owner, host, port, .. } = server;
    let is_operators = *owner == Owner::Operator;
    if !is_operators && !mail.allowed_ports.contains(port) {
        return Err(unusable(format!("The operator does not allow mail servers on port {port} (SMTP_ALLOWED_PORTS).")));
    }
    resolve_public(host, *port, is_operators || allow_private).await.map_err(|error| {
        let reason = if is_operators { of_operators(&error) } else { sentence(&error.to_string()) };
        match error {
            OutgoingError::Refused(_) => unusable(reason),
            OutgoingError::Unknown(_) | OutgoingError::TimedOut(_) => away(reason),
        }
    })
}

/// Where the operator's server is, is nothing that tenants are told; the operator knows what DEFAULT_SMTP_SERVER says.
fn of_operators(error: &OutgoingError) -> String {
    let why = match error {
        OutgoingError::Unknown(_) => "is not known: its name leads to no address",
        OutgoingError::TimedOut(_) => "could not be looked up in time",
        OutgoingError::Refused(_) => "has an address that no server has",
    };
    format!("The operator's mail server {why}.")
}

async fn connect(address: SocketAddr, timeout: Duration) -> Result<TcpStream, Refusal> {
    let tcp = tokio::time::timeout(timeout, TcpStream::connect(address)).await.map_err(|_| away(late(timeout)))?;
    let tcp = tcp.map_err(|error| away(sentence(&broken(&error))))?;
    // lettre writes the final dot by itself: else it would wait for the content to be acknowledged, 40 ms for each mail.
    tcp.set_nodelay(true).map_err(|error| away(sentence(&broken(&error))))?;
    Ok(tcp)
}

/// What the steps of one connection share.
struct Opening<'a> {
    server: &'a MailServer,
    mail: &'a MailSettings,
    address: SocketAddr,
    hello: ClientId,
}

impl Opening<'_> {
    /// The greeting and the reply to EHLO.
    async fn greet(&self, stream: impl AsyncTokioStream + 'static) -> Result<AsyncSmtpConnection, Refusal> {
        let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello);
        self.replies(2, greeting).await?.map_err(|error| self.not_wanted(&error, "the connection"))
    }

    /// STARTTLS after the plain EHLO, and then a new session inside TLS, which knows nothing of the first one.
    async fn start_tls(&self, mut plain: AsyncSmtpConnection, tcp: Shared) -> Result<AsyncSmtpConnection, Refusal> {
        if !plain.can_starttls() {
            return Err(unusable(
                "The mail server does not offer STARTTLS, so nothing is sent: with use_tls every connection is protected."
                    .to_owned(),
            ));
        }
        let reply = self.replies(1, plain.command(Starttls)).await?;
        let reply = reply.map_err(|error| self.not_wanted(&error, "STARTTLS"))?;
        if !reply.has_code(220) {
            return Err(unusable("The mail server's reply to STARTTLS could not be understood.".to_owned()));
        }
        drop(plain);
        let tcp = tcp.into_inner().ok_or_else(|| away("The connection was lost.".to_owned()))?;
        let sealed = self.handshake(tcp).await?;
        self.greet(Wire::upgraded(sealed, self.address)).await
    }

    async fn handshake(&self, tcp: TcpStream) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Refusal> {
        let name = ServerName::try_from(self.server.host.clone())
            .map_err(|_| unusable("The mail server's name is none that a certificate could be for.".to_owned()))?;
        let connector = connector(self.mail).await?;
        let timeout = self.mail.timeout;
        let handshake = tokio::time::timeout(timeout, connector.connect(name, tcp));
        handshake.await.map_err(|_| away(late(timeout)))?.map_err(|error| untrusted(&error))
    }

    async fn login(&self, smtp: &mut AsyncSmtpConnection) -> Result<(), Refusal> {
        let Some(login) = &self.server.login else { return Ok(()) };
        if smtp.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
            return Err(unusable(
                "The mail server offers no login by password here; it may want use_tls or use_ssl, or no username."
                    .to_owned(),
            ));
        }
        let credentials = Credentials::new(login.username.clone(), login.password.expose_secret().to_owned());
        let reply = self.replies(3, smtp.auth(DEFAULT_MECHANISMS, &credentials)).await?;
        let reply = reply.map_err(|error| self.not_wanted(&error, "the login"))?;
        if !reply.has_code(235) {
            return Err(unusable("The mail server's reply to the login could not be understood.".to_owned()));
        }
        Ok(())
    }

    /// Waits for so many replies.
    async fn replies<T>(&self, many: u32, talk: impl Future<Output = T>) -> Result<T, Refusal> {
        let timeout = self.mail.timeout;
        tokio::time::timeout(timeout.saturating_mul(many), talk).await.map_err(|_| away(late(timeout)))
    }

    /// A refusal of the whole connection: for good, no mail can go until somebody changes something.
    fn not_wanted(&self, error: &SmtpError, what: &str) -> Refusal {
        if error.is_client() {
            // lettre's own refusal: a challenge that is none of the usual ones.
            return unusable(format!("The mail server wants {what} in a way that is not known here."));
        }
        let Some(reply) = Reply::of_error(error) else { return away(sentence(&described(error))) };
        let mut refusal = reply.refusal(what);
        refusal.is_open = false;
        refusal.verdict = match refusal.verdict {
            Verdict::Final | Verdict::Unusable => Verdict::Unusable,
            Verdict::Later(hint) | Verdict::SlowDown(hint) => Verdict::SlowDown(hint),
        };
        refusal
    }
}

/// Trusts the public authorities, and those of SMTP_CA_PATH.
async fn connector(mail: &MailSettings) -> Result<TlsConnector, Refusal> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = &mail.ca_path {
        let trouble =
            || unusable("The operator's certificates for mail servers (SMTP_CA_PATH) cannot be read.".to_owned());
        let pem = tokio::fs::read(path).await.map_err(|_| trouble())?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.map_err(|_| trouble())?).map_err(|_| trouble())?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(format!("TLS cannot be used: {error}.")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Why there is no TLS. A connection that broke may be another time; what the server showed stays as it is.
fn untrusted(error: &io::Error) -> Refusal {
    match error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => {
            unusable(format!("The mail server's certificate is not to be trusted: {}.", certificate(why)))
        }
        Some(rustls::Error::InvalidMessage(_)) => unusable(
            "The mail server does not speak TLS there; with use_ssl the port is usually 465, with use_tls 587."
                .to_owned(),
        ),
        // A fault of its own, which may be over the next time.
        Some(rustls::Error::AlertReceived(AlertDescription::InternalError | AlertDescription::UserCanceled)) => {
            away("The mail server could not begin to protect the connection.".to_owned())
        }
        Some(_) => {
            unusable("The mail server and this service could not agree on how to protect the connection.".to_owned())
        }
        None => away(sentence(&broken(error))),
    }
}

/// What is wrong with a certificate, for people.
fn certificate(error: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as E;
    match error {
        E::Expired | E::ExpiredContext { .. } => "it has expired",
        E::NotValidYet | E::NotValidYetContext { .. } => "it is not valid yet",
        E::NotValidForName | E::NotValidForNameContext { .. } => "it is for another host name",
        E::UnknownIssuer => "its issuer is not known (the operator can add it with SMTP_CA_PATH)",
        E::Revoked => "it has been revoked",
        _ => "it is not valid",
    }
}

/// As a sentence of its own.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(chars).chain(std::iter::once('.')).collect()
}
