//! A witness on a loopback socket: C2SP `tlog-witness`, and what goes wrong with witnesses.

use sealwax_crypto::{KeyKind, Message, Scheme, SigningKey};
use sealwax_tlog::{
    Hash, Note, SignedCheckpoint, TreeSize, VerifierKey,
    cosignature::{PosixSeconds, ed25519_message},
    note::{Signature, SignatureType},
    verify_consistency,
};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// How a witness behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Honest,
    /// Never answers.
    Silent,
    /// 403.
    Refuses,
    /// Answers with what is no signature line.
    Garbage,
    /// Signs with another key under its name.
    WrongKey,
    /// Sends more than anybody reads.
    Huge,
}

struct State {
    mood: Mood,
    seen: (u64, Option<Hash>),
}

#[derive(Clone)]
pub(crate) struct Server {
    key: Arc<SigningKey>,
    other: Arc<SigningKey>,
    vkey: VerifierKey,
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) async fn start(seed: u8) -> Self {
        let key = SigningKey::from_seed(KeyKind::Ed25519, &[seed; 32]).unwrap();
        let name = format!("witness{seed}.example");
        let vkey =
            VerifierKey::new(&name, SignatureType::CosignatureEd25519, key.public_key().clone()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            key: Arc::new(key),
            other: Arc::new(SigningKey::from_seed(KeyKind::Ed25519, &[seed + 100; 32]).unwrap()),
            vkey,
            port: listener.local_addr().unwrap().port(),
            state: Arc::new(Mutex::new(State { mood: Mood::Honest, seen: (0, None) })),
        };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(this.clone().serve(stream));
            }
        });
        server
    }

    pub(crate) fn vkey(&self) -> String {
        self.vkey.to_string()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// Requests on one connection.
    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                    break end + 4;
                }
                if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                    return;
                }
            };
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
            assert!(head.starts_with("post /add-checkpoint "), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let total = end + length.parse::<usize>().unwrap();
            while bytes.len() < total {
                stream.read_buf(&mut bytes).await.unwrap();
            }
            let request = String::from_utf8(bytes[end..total].to_vec()).unwrap();
            bytes.drain(..total);
            let mood = self.state.lock().unwrap().mood;
            if mood == Mood::Silent {
                std::future::pending::<()>().await;
            }
            let (status, kind, body) = self.answer(&request, mood);
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &str, mood: Mood) -> (u16, &'static str, String) {
        let text = "text/plain";
        match mood {
            Mood::Refuses => return (403, text, "no\n".to_owned()),
            Mood::Garbage => return (200, text, "garbage\n".to_owned()),
            Mood::Huge => return (200, text, "x".repeat(1 << 20)),
            _ => {}
        }
        let (head, note) = request.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
        let proof: Vec<Hash> = lines.map(hash).collect();
        assert!(proof.len() <= 63);
        let signed = SignedCheckpoint::parse(note).unwrap();
        let (size, root) = (signed.unverified().size(), *signed.unverified().root());
        let mut state = self.state.lock().unwrap();
        if old != state.seen.0 {
            return (409, "text/x.tlog.size", format!("{}\n", state.seen.0));
        }
        match state.seen.1 {
            Some(seen) if old == size.0 && seen != root => return (409, text, "another root\n".to_owned()),
            Some(seen) if verify_consistency(TreeSize(old), &seen, size, &root, &proof).is_err() => {
                return (422, text, "the proof does not prove\n".to_owned());
            }
            _ => {}
        }
        state.seen = (size.0, Some(root));
        (200, text, self.line(signed.note(), if mood == Mood::WrongKey { &self.other } else { &self.key }))
    }

    fn line(&self, note: &Note, key: &SigningKey) -> String {
        let time = PosixSeconds(1_780_000_000);
        let message = ed25519_message(time, note.text());
        let signature = key.sign(Scheme::Ed25519, Message::Bytes(&message)).unwrap();
        let bytes = [&time.0.to_be_bytes()[..], &signature].concat();
        Signature::new(self.vkey.name().to_owned(), self.vkey.key_hash(), bytes).unwrap().to_string()
    }
}

fn hash(line: &str) -> Hash {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(line).unwrap().try_into().unwrap()
}
