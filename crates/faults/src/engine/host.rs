use crate::{Random, World, simulate::Clock};
use sealwax_log::engine::Host;
use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Clock, chance and time of a simulated machine.
pub struct SimHost {
    world: World,
    clock: Clock,
    random: Mutex<Random>,
}

impl SimHost {
    /// In this world, with this clock.
    #[must_use]
    pub fn new(world: &World, clock: &Clock, random: Random) -> Self {
        Self { world: world.clone(), clock: clock.clone(), random: Mutex::new(random) }
    }
}

impl Host for SimHost {
    fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    fn random(&self) -> [u8; 16] {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).bytes()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.world.sleep(duration))
    }
}
