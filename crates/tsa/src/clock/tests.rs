use super::*;

/// Somewhere in November 2025.
const START: i64 = 1_763_800_000;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

/// So many milliseconds after the start by the monotonic clock, when the wall clock is off by so many.
fn reading(elapsed_ms: u64, off_ms: i64) -> Reading {
    let wall_ms = START * 1000 + i64::try_from(elapsed_ms).unwrap() + off_ms;
    Reading {
        monotonic: Duration::from_millis(elapsed_ms),
        wall: Timestamp::from_millisecond(wall_ms).unwrap(),
    }
}

fn clock() -> Clock {
    Clock::new(None, reading(0, 0), None)
}

/// Stamps, and stores what has to be stored.
fn stamp(clock: &mut Clock, reading: Reading) -> Result<Timestamp, Untrusted> {
    if let Permit::StoreFirst(ahead) = clock.stamp(reading, None)? {
        clock.stored(ahead);
    }
    match clock.stamp(reading, None)? {
        Permit::Stamp(second) => Ok(second),
        Permit::StoreFirst(second) => panic!("{second} is stored already"),
    }
}

#[test]
fn a_second_is_stored_before_it_is_stamped() {
    let mut clock = clock();
    assert_eq!(clock.stamp(reading(400, 0), None), Ok(Permit::StoreFirst(at(2))));
    assert!(clock.must_store(reading(400, 0)));
    // Nothing is stamped before it is said to be stored.
    assert_eq!(clock.stamp(reading(400, 0), None), Ok(Permit::StoreFirst(at(2))));
    clock.stored(at(2));
    for (ms, second) in [(400, 0), (999, 0), (1_000, 1), (2_999, 2)] {
        assert_eq!(clock.stamp(reading(ms, 0), None), Ok(Permit::Stamp(at(second))), "{ms}");
    }
    assert_eq!(clock.stamp(reading(3_000, 0), None), Ok(Permit::StoreFirst(at(5))));
}

#[test]
fn a_process_that_was_killed_waits_until_what_it_stored_is_past() {
    let mut clock = Clock::new(None, reading(0, 0), Some(at(2)));
    let behind = |seconds| Err(Untrusted::BehindLastStamp { by: SignedDuration::from_secs(seconds) });
    assert_eq!(clock.stamp(reading(0, 0), None), behind(2));
    assert_eq!(clock.stamp(reading(1_999, 0), None), behind(1));
    assert_eq!(clock.stamp(reading(2_000, 0), None), Ok(Permit::Stamp(at(2))));
}

#[test]
fn a_process_that_stopped_in_good_order_leaves_what_it_stamped() {
    let mut stopped = clock();
    assert_eq!(stopped.stop(), None, "nothing was stamped");
    assert_eq!(stamp(&mut stopped, reading(400, 0)), Ok(at(0)));
    assert_eq!(stopped.stop(), Some(at(0)));
    assert_eq!(stopped.stop(), None, "it is stored");
    let mut next = Clock::new(None, reading(0, 0), Some(at(0)));
    assert_eq!(stamp(&mut next, reading(500, 0)), Ok(at(0)));
    // What is stamped after all is stored again.
    assert_eq!(stopped.stamp(reading(1_400, 0), None), Ok(Permit::StoreFirst(at(3))));
}

#[test]
fn a_clock_that_jumps_is_not_believed_until_it_is_back() {
    for off in [-501, 501, 86_400_000] {
        let mut clock = clock();
        let by = SignedDuration::from_millis(off);
        assert_eq!(clock.check(reading(0, off), None), Err(Untrusted::Jumped { by }));
        assert_eq!(clock.check(reading(0, 0), None), Ok(at(0)));
    }
    for off in [-500, 500] {
        assert!(clock().check(reading(0, off), None).is_ok(), "{off}");
    }
}

#[test]
fn a_machine_that_slept_is_not_believed() {
    let mut clock = clock();
    assert_eq!(clock.check(reading(100_000, 0), None), Ok(at(100)));
    let slept = clock.check(reading(101_000, 3_600_000), None);
    let Err(Untrusted::Jumped { by }) = slept else { panic!("{slept:?}") };
    assert_eq!(by.as_secs(), 3_600);
}

#[test]
fn a_clock_that_is_steered_is_followed() {
    let mut clock = clock();
    // 400 parts in a million over a day: 34.6 s.
    for minute in 0..24 * 60 {
        let elapsed = minute * 60_000;
        let off = i64::try_from(elapsed).unwrap() * 400 / 1_000_000;
        assert!(clock.check(reading(elapsed, off), None).is_ok(), "minute {minute}");
    }
    // And readings that follow closely do not let it run away.
    let mut clock = self::clock();
    let mut refused = None;
    for ms in 0..200_000 {
        let off = i64::try_from(ms).unwrap() * 6_000 / 1_000_000;
        if clock.check(reading(ms, off), None).is_err() {
            refused = Some(ms);
            break;
        }
    }
    // 5,500 parts in a million too many make half a second in 91 s.
    assert!(refused.is_some_and(|ms| (88_000..95_000).contains(&ms)), "{refused:?}");
}

#[test]
fn small_steps_do_not_add_up() {
    let mut clock = clock();
    assert!(clock.check(reading(10_000, 400), None).is_ok());
    assert!(matches!(clock.check(reading(20_000, 800), None), Err(Untrusted::Jumped { .. })));
}

#[test]
fn the_certificate_logs_time_is_a_floor() {
    let mut clock = clock();
    assert_eq!(clock.check(reading(0, 0), Some(at(1))), Ok(at(0)));
    let newest = at(1) + SignedDuration::from_millis(1);
    let by = SignedDuration::from_millis(1_001);
    assert_eq!(clock.check(reading(0, 0), Some(newest)), Err(Untrusted::BehindLog { by }));
    assert_eq!(Untrusted::BehindLog { by }.retry_after(), Some(Duration::from_millis(1_001)));
    assert_eq!(clock.check(reading(1, 0), Some(newest)), Ok(at(0)));
}

#[test]
fn a_step_back_within_the_limit_stamps_nothing_twice() {
    let mut clock = clock();
    assert_eq!(stamp(&mut clock, reading(1_100, 0)), Ok(at(1)));
    let by = SignedDuration::from_secs(1);
    assert_eq!(stamp(&mut clock, reading(1_200, -300)), Err(Untrusted::BehindLastStamp { by }));
    assert_eq!(stamp(&mut clock, reading(1_300, -300)), Ok(at(1)));
}

mod with_sources {
    use super::*;

    fn clock(needed: usize, configured: usize) -> Clock {
        let sources = Sources::new(needed, configured, SECOND / 4, SECOND * 180).unwrap();
        Clock::new(Some(sources), reading(0, 0), None)
    }

    /// A source that says at so many milliseconds that the wall clock is off by so many.
    fn says(elapsed_ms: u64, off_ms: i64, error_ms: u64) -> Observation {
        let there = reading(elapsed_ms, off_ms);
        Observation::Time {
            monotonic: there.monotonic,
            time: there.wall,
            error: Duration::from_millis(error_ms),
        }
    }

    #[test]
    fn enough_must_agree_first() {
        let mut clock = clock(2, 3);
        let never = Err(Untrusted::NeverConfirmed { needed: 2, configured: 3 });
        assert_eq!(clock.check(reading(0, 0), None), never);
        clock.observe(reading(100, 0), &[says(50, 0, 10), Observation::Silent, Observation::Silent]);
        assert_eq!(clock.check(reading(100, 0), None), never, "one is not enough, and two are silent");
        clock.observe(reading(200, 0), &[says(50, 0, 10), Observation::Silent, says(150, 200, 50)]);
        assert_eq!(clock.check(reading(200, 0), None), Ok(at(0)));
    }

    #[test]
    fn a_liar_is_outvoted_and_two_are_not() {
        let mut clock = clock(2, 3);
        clock.observe(reading(0, 0), &[says(0, 86_400_000, 1), says(0, 0, 1), says(0, 1, 1)]);
        assert_eq!(clock.check(reading(0, 0), None), Ok(at(0)));
        clock.observe(reading(0, 0), &[says(0, 86_400_000, 1), says(0, 0, 1), says(0, -251, 0)]);
        let disagreement = Err(Untrusted::Disagreement { agreed: 1, needed: 2, configured: 3 });
        assert_eq!(clock.check(reading(0, 0), None), disagreement);
        // Silence does not make it good.
        clock.observe(reading(0, 0), &[Observation::Silent; 3]);
        assert_eq!(clock.check(reading(0, 0), None), disagreement);
        clock.observe(reading(0, 0), &[says(0, 0, 1), says(0, 0, 1), Observation::Silent]);
        assert_eq!(clock.check(reading(0, 0), None), Ok(at(0)));
    }

    #[test]
    fn an_inexact_source_does_not_agree() {
        let mut clock = clock(1, 1);
        clock.observe(reading(0, 0), &[says(0, 0, 251)]);
        assert!(matches!(clock.check(reading(0, 0), None), Err(Untrusted::Disagreement { .. })));
        clock.observe(reading(0, 0), &[says(0, 100, 150)]);
        assert_eq!(clock.check(reading(0, 0), None), Ok(at(0)));
        clock.observe(reading(0, 0), &[says(0, -100, 151)]);
        assert!(matches!(clock.check(reading(0, 0), None), Err(Untrusted::Disagreement { .. })));
    }

    #[test]
    fn an_agreement_grows_old() {
        let mut clock = clock(2, 3);
        clock.observe(reading(0, 0), &[says(0, 0, 1); 3]);
        clock.observe(reading(100_000, 0), &[says(100_000, 0, 1), Observation::Silent, Observation::Silent]);
        assert_eq!(clock.check(reading(180_000, 0), None), Ok(at(180)));
        let since = Duration::from_millis(180_001);
        let unconfirmed = Untrusted::Unconfirmed { needed: 2, configured: 3, since };
        assert_eq!(clock.check(reading(180_001, 0), None), Err(unconfirmed));
    }

    #[test]
    fn a_jump_is_believed_when_they_confirm_it() {
        let mut clock = clock(1, 1);
        clock.observe(reading(0, 0), &[says(0, 0, 1)]);
        assert!(matches!(clock.check(reading(0, 7_000), None), Err(Untrusted::Jumped { .. })));
        // What was asked before the jump does not confirm it.
        clock.observe(reading(10, 7_000), &[says(5, 0, 1)]);
        assert!(clock.check(reading(10, 7_000), None).is_err());
        clock.observe(reading(20, 7_000), &[says(15, 7_000, 1)]);
        assert_eq!(clock.check(reading(20, 7_000), None), Ok(at(7)));
        assert!(matches!(clock.check(reading(20, 0), None), Err(Untrusted::Jumped { .. })));
    }

    #[test]
    fn their_tolerance_is_in_the_accuracy() {
        let accuracy = |milliseconds| Accuracy { seconds: 1, milliseconds, microseconds: 0 };
        assert_eq!(clock(1, 1).accuracy(), accuracy(250));
        assert_eq!(super::clock().accuracy(), accuracy(0));
    }

    #[test]
    fn rules_that_cannot_be_kept() {
        let sources = |needed, configured| Sources::new(needed, configured, SECOND, SECOND).map(drop);
        assert_eq!(sources(0, 0), Err(SourcesError::Count(0)));
        assert_eq!(sources(1, 17), Err(SourcesError::Count(17)));
        assert_eq!(sources(0, 4), Err(SourcesError::Needed { needed: 0, configured: 4 }));
        assert_eq!(sources(5, 4), Err(SourcesError::Needed { needed: 5, configured: 4 }));
        assert_eq!(sources(16, 16), Ok(()));
    }
}
