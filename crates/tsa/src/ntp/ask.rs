//! One question to one server, over UDP.

use super::{Answer, NtpTime, PACKET_BYTES, PacketError, request};
use crate::clock::{Observation, Reading};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    net::{UdpSocket, lookup_host},
    time::timeout,
};

/// Packets that are not an answer, taken before the server is given up: the socket is connected, so they are forged.
const MAX_STRAY_PACKETS: usize = 16;

/// Why a server gave no time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Its name means nothing, or the system does not send or receive.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its name has no address.
    #[error("the name has no address")]
    NoAddress,
    /// No answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// An answer that does not count.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// Nothing but packets that are no answers.
    #[error("only packets that are no answers")]
    Strays,
    /// The system has no randomness.
    #[error(transparent)]
    Random(#[from] sealwax_crypto::SignError),
}

/// Asks a server, given as `host:port`, for the time.
///
/// # Errors
/// [`AskError`].
pub async fn ask(server: &str, patience: Duration) -> Result<Observation, AskError> {
    timeout(patience, ask_patiently(server)).await.unwrap_or(Err(AskError::TimedOut(patience)))
}

async fn ask_patiently(server: &str) -> Result<Observation, AskError> {
    let address = lookup_host(server).await?.next().ok_or(AskError::NoAddress)?;
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    let cookie = NtpTime(u64::from_be_bytes(sealwax_crypto::random()?));
    let sent = Reading::take();
    socket.send(&request(cookie)).await?;
    // One octet more than an answer has shows what is too long.
    let mut packet = [0; PACKET_BYTES + 1];
    for _ in 0..MAX_STRAY_PACKETS {
        let length = socket.recv(&mut packet).await?;
        let round_trip = Reading::monotonic().saturating_sub(sent.monotonic);
        match Answer::read(packet.get(..length).unwrap_or_default(), cookie) {
            Err(PacketError::Origin | PacketError::Length { .. }) => {}
            answer => return Ok(answer?.observation(sent, round_trip)),
        }
    }
    Err(AskError::Strays)
}
