use super::*;

const COOKIE: NtpTime = NtpTime(0x0123_4567_89ab_cdef);

/// 2025-11-22T08:26:40Z.
const WALL_S: i64 = 1_763_800_000;

fn wall(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(WALL_S * 1000 + ms).unwrap()
}

/// An answer: its fields as RFC 5905 7.3 draws them, times in milliseconds after [`WALL_S`].
fn packet(received_ms: i64, sent_ms: i64) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    packet[0] = 0b00_100_100;
    packet[1] = 2;
    packet[4..8].copy_from_slice(&[0, 0, 0x80, 0]); // root delay 500 ms
    packet[8..12].copy_from_slice(&[0, 0, 0x40, 0]); // root dispersion 250 ms
    packet[12..16].copy_from_slice(&[192, 0, 2, 1]);
    packet[24..32].copy_from_slice(&COOKIE.0.to_be_bytes());
    packet[32..40].copy_from_slice(&NtpTime::from_timestamp(wall(received_ms)).0.to_be_bytes());
    packet[40..48].copy_from_slice(&NtpTime::from_timestamp(wall(sent_ms)).0.to_be_bytes());
    packet
}

fn error(change: impl FnOnce(&mut [u8; PACKET_BYTES])) -> PacketError {
    let mut packet = packet(0, 1);
    change(&mut packet);
    Answer::read(&packet, COOKIE).unwrap_err()
}

#[test]
fn the_request_has_nothing_of_ours_but_the_cookie() {
    let packet = request(COOKIE);
    assert_eq!(packet[0], 0x23);
    assert_eq!(packet[1..40], [0; 39]);
    assert_eq!(packet[40..], COOKIE.0.to_be_bytes());
}

#[test]
fn timestamps_count_from_1900_in_eras_of_136_years() {
    let of = |text: &str| NtpTime::from_timestamp(text.parse().unwrap()).0;
    // RFC 5905, figure 4.
    assert_eq!(of("1970-01-01T00:00:00Z"), 2_208_988_800 << 32);
    assert_eq!(of("1999-12-31T00:00:00Z"), 3_155_587_200 << 32);
    assert_eq!(of("2036-02-07T06:28:15.5Z"), 0xffff_ffff_8000_0000);
    assert_eq!(of("2036-02-07T06:28:16Z"), 0);
    assert_eq!(of("1900-01-01T00:00:00Z"), 0);
}

#[test]
fn an_answer_says_what_time_it_is_and_how_exactly() {
    // 40 ms there, 10 ms at the server, 20 ms back; the server's clock is 5 s ahead.
    let answer = Answer::read(&packet(5_040, 5_050), COOKIE).unwrap();
    assert_eq!(answer.distance, Duration::from_millis(500));
    let sent = Reading { monotonic: Duration::from_secs(7), wall: wall(0) };
    let Observation::Time { monotonic, time, error } = answer.observation(sent, Duration::from_millis(70))
    else {
        panic!("an answer is an observation")
    };
    assert_eq!(monotonic, sent.monotonic);
    // Half the difference of the two ways is the error that nobody can see: 10 ms, of the 30 that are allowed for.
    let seen = time.duration_since(wall(5_010)).as_micros();
    assert!((-1..=1).contains(&seen), "{time}");
    let error = error.as_micros();
    assert!((529_999..=530_001).contains(&error), "{error}");
}

#[test]
fn an_answer_across_the_turn_of_an_era() {
    let turn: Timestamp = "2036-02-07T06:28:16Z".parse().unwrap();
    let ours = turn - SignedDuration::from_millis(20);
    let mut packet = packet(0, 0);
    let theirs = NtpTime::from_timestamp(turn + SignedDuration::from_millis(20)).0.to_be_bytes();
    packet[32..40].copy_from_slice(&theirs);
    packet[40..48].copy_from_slice(&theirs);
    // The time zero of an era says nothing, so a fraction later it is.
    let answer = Answer::read(&packet, COOKIE).unwrap();
    let sent = Reading { monotonic: Duration::ZERO, wall: ours };
    let Observation::Time { time, .. } = answer.observation(sent, Duration::from_millis(40)) else {
        panic!("an answer is an observation")
    };
    assert!((19..=21).contains(&time.duration_since(ours).as_millis()), "{time}");
}

#[test]
fn refused() {
    assert_eq!(Answer::read(&[0; 47], COOKIE), Err(PacketError::Length { found: 47 }));
    assert_eq!(Answer::read(&[0; 52], COOKIE), Err(PacketError::Length { found: 52 }));
    assert_eq!(Answer::read(&packet(0, 1), NtpTime(COOKIE.0 ^ 1)), Err(PacketError::Origin));
    assert_eq!(error(|packet| packet[24] ^= 1), PacketError::Origin);
    assert_eq!(error(|packet| packet[0] = 0b00_011_100), PacketError::Version(3));
    assert_eq!(error(|packet| packet[0] = 0b00_100_011), PacketError::Mode(3));
    assert_eq!(error(|packet| packet[0] = 0b11_100_100), PacketError::Unsynchronised);
    assert_eq!(error(|packet| packet[1] = 16), PacketError::Unsynchronised);
    let kiss = |packet: &mut [u8; PACKET_BYTES]| {
        packet[1] = 0;
        packet[12..16].copy_from_slice(b"RATE");
    };
    assert_eq!(error(kiss), PacketError::Kiss(*b"RATE"));
    let far = error(|packet| packet[8..12].copy_from_slice(&[0, 1, 0x40, 1]));
    assert!(matches!(far, PacketError::Distance(distance) if distance > Duration::from_millis(1_500)));
    assert_eq!(error(|packet| packet[40..48].fill(0)), PacketError::NoTime);
    assert_eq!(error(|packet| packet[32..40].fill(0)), PacketError::NoTime);
    assert_eq!(Answer::read(&packet(1, 0), COOKIE), Err(PacketError::Order));
    assert_eq!(Answer::read(&packet(0, 1_501), COOKIE), Err(PacketError::Order));
    assert!(Answer::read(&packet(0, 1_500), COOKIE).is_ok());
}
