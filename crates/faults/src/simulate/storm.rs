use super::{Failure, Machine, Protocol, Report, clients::Clients};
use crate::{Random, World, world::Ended};
use std::{sync::Arc, time::Duration};

/// The longest a storm lasts.
const LONGEST: Duration = Duration::from_secs(30);

/// Breaks things until the clients have what they want, or the storm is over.
pub(super) fn rage(
    world: &World,
    protocol: &dyn Protocol,
    machines: &[Arc<Machine>],
    clients: &Clients,
    mut freeze_at: Option<Duration>,
    random: &mut Random,
) -> Result<Report, Failure> {
    let mut report = Report::default();
    let end = world.now() + LONGEST;
    let (restarts, pauses, jumps) = (random.below(400), random.below(400), random.below(200));
    let calm_ms = *random.pick(&[100, 600, 3_000]).unwrap_or(&600);
    while world.now() < end && !clients.are_content() {
        let until = Duration::from_millis(random.between(1, calm_ms));
        if world.run_while(until, || !clients.are_content()) == Ended::Busy {
            return Err(Failure::Busy);
        }
        let Some(machine) = random.pick(machines) else { break };
        let dice = random.below(1000);
        if freeze_at.is_some_and(|at| world.now() >= at)
            && let Some(replica) = machine.replica()
        {
            replica.freeze();
            freeze_at = None;
        } else if machine.is_down() {
            machine.start(protocol);
            report.restarts += 1;
        } else if dice < restarts {
            machine.crash();
        } else if dice < restarts + pauses {
            world.pause(machine.node, Duration::from_millis(random.between(10, 8_000)));
            report.pauses += 1;
        } else if dice < restarts + pauses + jumps {
            machine.clock.set_offset_ms(random.between(0, 200_000).cast_signed() - 100_000);
            report.jumps += 1;
        }
    }
    Ok(report)
}
