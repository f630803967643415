//! One SMTP session of the server in the process.

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::{
    Answer, Phase, Talk,
    sink::{Heard, Received, Shared, locked},
};

/// How a session ended.
pub(super) enum End<S> {
    Closed,
    /// With a STARTTLS that was granted.
    StartTls(S),
}

/// A session from its greeting on, or inside TLS from its EHLO on.
pub(super) async fn hold<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    talk: &mut Talk,
    shared: &Shared,
    greets: bool,
) -> io::Result<End<S>> {
    let mut session = Session { stream: BufReader::new(stream), talk, shared, is_known: false };
    if greets && !session.answer(Phase::Greeting, "220 sink.example ESMTP").await? {
        return Ok(End::Closed);
    }
    loop {
        let Some(line) = session.line().await? else { return Ok(End::Closed) };
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let goes_on = match verb.as_str() {
            "EHLO" | "HELO" => session.ehlo().await?,
            "STARTTLS" => {
                if session.answer(Phase::StartTls, "220 2.0.0 go ahead").await? {
                    // What came too early is not heard inside TLS.
                    return Ok(End::StartTls(session.stream.into_inner()));
                }
                true
            }
            "AUTH" => session.auth(&line).await?,
            "MAIL" => session.mail(&line).await?,
            "RCPT" => session.rcpt(&line).await?,
            "DATA" => session.data().await?,
            "RSET" => {
                (session.talk.from, session.talk.to) = (String::new(), String::new());
                session.answer(Phase::Reset, "250 2.0.0 reset").await?;
                true
            }
            "NOOP" => session.say("250 2.0.0 nothing").await?,
            "QUIT" => {
                session.answer(Phase::Quit, "221 2.0.0 bye").await?;
                false
            }
            _ => session.say("502 5.5.2 not known").await?,
        };
        if !goes_on {
            return Ok(End::Closed);
        }
    }
}

struct Session<'a, S> {
    stream: BufReader<S>,
    talk: &'a mut Talk,
    shared: &'a Shared,
    /// Logged in.
    is_known: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    /// A line without its end; none at the end of the connection.
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        let Talk { connection, is_tls, .. } = *self.talk;
        locked(&self.shared.heard).push(Heard { connection, is_tls, line: line.clone() });
        Ok(Some(line))
    }

    async fn say(&mut self, text: &str) -> io::Result<bool> {
        self.stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).await?;
        self.stream.get_mut().flush().await?;
        Ok(true)
    }

    /// What the script says here, else `usual`; whether it is granted. A connection that is cut is an error.
    async fn answer(&mut self, phase: Phase, usual: &str) -> io::Result<bool> {
        let answer = (self.shared.script)(phase, self.talk);
        self.give(answer, usual).await
    }

    async fn give(&mut self, answer: Answer, usual: &str) -> io::Result<bool> {
        match answer {
            Answer::Ok => self.say(usual).await,
            Answer::Say(text) => {
                self.say(&text).await?;
                if text.starts_with("421") {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                Ok(text.starts_with(['2', '3']))
            }
            Answer::Hang | Answer::KeepAndHang => std::future::pending().await,
            Answer::Cut | Answer::KeepAndCut => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    async fn ehlo(&mut self) -> io::Result<bool> {
        let options = &self.shared.options;
        let mut offers = vec!["sink.example", "8BITMIME", "SIZE 30000000", "ENHANCEDSTATUSCODES"];
        if self.shared.acceptor.is_some() && !self.talk.is_tls {
            offers.push("STARTTLS");
        }
        if self.wants_login() {
            offers.push("AUTH PLAIN LOGIN");
        }
        if options.smtputf8 {
            offers.push("SMTPUTF8");
        }
        let last = offers.len() - 1;
        let lines: Vec<String> = offers
            .iter()
            .enumerate()
            .map(|(n, offer)| format!("250{}{offer}", if n == last { ' ' } else { '-' }))
            .collect();
        self.answer(Phase::Ehlo, &lines.join("\r\n")).await?;
        Ok(true)
    }

    /// Offers a login where one could be given.
    fn wants_login(&self) -> bool {
        self.shared.options.login.is_some() && (self.shared.acceptor.is_none() || self.talk.is_tls)
    }

    async fn auth(&mut self, line: &str) -> io::Result<bool> {
        let mut words = line.split(' ').skip(1);
        let given = match (words.next().map(str::to_ascii_uppercase).as_deref(), words.next()) {
            (Some("PLAIN"), Some(given)) => {
                let given = decoded(given);
                let mut parts = given.split('\0').skip(1).map(str::to_owned);
                parts.next().zip(parts.next())
            }
            (Some("LOGIN"), None) => {
                self.say("334 VXNlcm5hbWU6").await?;
                let Some(user) = self.line().await? else { return Ok(false) };
                self.say("334 UGFzc3dvcmQ6").await?;
                let Some(password) = self.line().await? else { return Ok(false) };
                Some((decoded(&user), decoded(&password)))
            }
            _ => return self.say("504 5.5.4 no such mechanism").await,
        };
        if self.shared.options.login.is_none() || given != self.shared.options.login {
            return self.say("535 5.7.8 wrong user name or password").await;
        }
        self.is_known = self.answer(Phase::Auth, "235 2.7.0 welcome").await?;
        Ok(true)
    }

    async fn mail(&mut self, line: &str) -> io::Result<bool> {
        if self.shared.options.login.is_some() && !self.is_known {
            return self.say("530 5.7.0 log in first").await;
        }
        if !self.talk.from.is_empty() {
            return self.say("503 5.5.1 a mail was begun already").await;
        }
        let from = within(line);
        if self.answer(Phase::Mail, "250 2.1.0 sender").await? {
            self.talk.from = from;
        }
        Ok(true)
    }

    async fn rcpt(&mut self, line: &str) -> io::Result<bool> {
        if self.talk.from.is_empty() {
            return self.say("503 5.5.1 who is it from").await;
        }
        self.talk.to = within(line);
        let before = {
            let mut named = locked(&self.shared.named);
            let many = named.entry(self.talk.to.clone()).or_default();
            *many += 1;
            *many - 1
        };
        self.talk.before = before;
        if !self.answer(Phase::Rcpt, "250 2.1.5 recipient").await? {
            self.talk.to.clear();
        }
        Ok(true)
    }

    async fn data(&mut self) -> io::Result<bool> {
        if self.talk.to.is_empty() {
            return self.say("503 5.5.1 who is it for").await;
        }
        if !self.answer(Phase::Data, "354 go ahead, end with a dot").await? {
            return Ok(true);
        }
        let mut content = Vec::new();
        loop {
            let start = content.len();
            if self.stream.read_until(b'\n', &mut content).await? == 0 {
                return Ok(false);
            }
            if start == 0 && (self.shared.script)(Phase::Content, self.talk) == Answer::Cut {
                return Ok(false);
            }
            if content.get(start..) == Some(b".\r\n") {
                content.truncate(start);
                break;
            }
            if content.get(start) == Some(&b'.') {
                content.remove(start);
            }
        }
        let answer = (self.shared.script)(Phase::End, self.talk);
        let keeps = match &answer {
            Answer::Ok | Answer::KeepAndCut | Answer::KeepAndHang => true,
            Answer::Say(text) => text.starts_with('2'),
            Answer::Hang | Answer::Cut => false,
        };
        if keeps {
            self.keep(content);
        }
        self.give(answer, "250 2.0.0 taken").await?;
        (self.talk.from, self.talk.to) = (String::new(), String::new());
        Ok(true)
    }

    fn keep(&mut self, content: Vec<u8>) {
        let Talk { connection, is_tls, ref from, ref to, .. } = *self.talk;
        let message_id = header(&content, "message-id").unwrap_or_default();
        let content = if self.shared.options.keeps_content { content } else { Vec::new() };
        let mail = Received { from: from.clone(), to: to.clone(), content, message_id, connection, is_tls };
        locked(&self.shared.mails).push(mail);
    }
}

/// What is between angle brackets.
fn within(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

fn decoded(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text.trim()).unwrap_or_default()).unwrap_or_default()
}

/// A header that stands on one line.
fn header(content: &[u8], name: &str) -> Option<String> {
    let head = content.split(|byte| *byte == b'\n').take_while(|line| *line != b"\r");
    head.filter_map(|line| std::str::from_utf8(line).ok()?.trim_end().split_once(": "))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_owned())
}
