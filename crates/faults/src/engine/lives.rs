use super::{Broken, Knobs, OverDirectory, check};
use crate::{
    Random, SimDisk,
    crash::Script,
    disk::{Effect, Plan, Survives, Then},
    oracle::History,
    simulate::{Failure, Report},
};
use bytes::Bytes;
use std::{io, time::Duration};

/// One sequencer on a directory, from one life to the next: each ends in order, by a kill or by a power failure, perhaps
/// after an operation of the disk has failed, and the next one begins with another clock.
pub(super) fn run(seed: u64, script: &Script) -> Result<Report, Failure> {
    let mut random = Random::new(seed);
    let history = History::default();
    let mut disk = script.disk(seed);
    let mut report = Report::default();
    let broken = |broken: Broken| Failure::Directory(broken.to_string());
    for life in 0..random.between(1, 6) {
        let knobs = knobs(life, &mut random);
        report.jumps += u64::from(random.chance(300));
        let has_plan = random.chance(400);
        if has_plan {
            disk.set_plan(plan(disk.operations(), &mut random));
            report.failures += 1;
        }
        let ended = live(script, &disk, &history, &knobs, &mut random);
        if !has_plan {
            ended.map_err(broken)?;
        }
        let survives = match random.below(5) {
            0 => Survives::Nothing,
            1 => Survives::Torn(random.number()),
            2 | 3 => Survives::Any(random.number()),
            _ => Survives::Killed,
        };
        report.restarts += u64::from(survives == Survives::Killed);
        report.power_failures += u64::from(survives != Survives::Killed);
        disk = disk.snapshot().after(survives);
    }
    let last = Survives::Any(random.number());
    check(&disk, &script.subject, &history, &script.base, |disk| disk.snapshot().after(last))
        .map_err(broken)?;
    report.answers = history.answers() as u64;
    report.size = history.largest_signed().unwrap_or(0);
    Ok(report)
}

fn live(
    script: &Script,
    disk: &SimDisk,
    history: &History,
    knobs: &Knobs,
    random: &mut Random,
) -> Result<(), Broken> {
    let subject = &script.subject;
    let log = match OverDirectory::open(disk, subject, history, knobs).map_err(Broken::Opening)? {
        Some(log) => log,
        None if history.largest_signed().is_some() || script.base.size() > 0 => return Err(Broken::Gone),
        None => {
            OverDirectory::create(disk, subject, history, knobs).map_err(Broken::Opening)?;
            OverDirectory::open(disk, subject, history, knobs)
                .map_err(Broken::Opening)?
                .ok_or(Broken::Gone)?
        }
    };
    for _ in 0..random.between(0, 5) {
        let count = *random.pick(&[1, 1, 2, 5, 20]).unwrap_or(&1);
        let wanted: Vec<Bytes> = (0..count).map(|_| entry(random)).collect();
        log.add(&wanted);
        if random.chance(200) {
            log.idle(Duration::from_secs(random.between(1, 1_500)));
        }
    }
    if random.chance(300) { log.stop() } else { Ok(()) }
}

fn knobs(life: u64, random: &mut Random) -> Knobs {
    let hours = i64::try_from(life).unwrap_or(0);
    let jump = if random.chance(300) { random.between(0, 7_200_000).cast_signed() - 3_600_000 } else { 0 };
    Knobs {
        settle_bytes: usize::try_from(random.between(100, 3_000)).unwrap_or(100),
        segment_bytes: random.between(1_000, 16_000),
        reserve_bytes: random.between(1, 4_096),
        batch_entries: usize::try_from(random.between(1, 8)).unwrap_or(1),
        clock_offset_ms: hours * 3_600_000 + jump,
        seed: random.number(),
    }
}

fn plan(done: u64, random: &mut Random) -> Plan {
    let effects = [Effect::NotApplied, Effect::Applied, Effect::Torn];
    let full = random.chance(200);
    Plan {
        operation: done + random.between(1, 200),
        // On a full disk nothing happens.
        effect: if full { Effect::NotApplied } else { *random.pick(&effects).unwrap_or(&Effect::Torn) },
        then: if random.chance(500) { Then::GoesOn } else { Then::Fails },
        error: if full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other },
    }
}

/// One of few, so that some are asked for again.
fn entry(random: &mut Random) -> Bytes {
    let number = random.below(60);
    let length = usize::try_from(number * 53 % 500).unwrap_or(0);
    Bytes::from(format!("{{\"entry\":{number},\"padding\":\"{}\"}}", "y".repeat(length)))
}
