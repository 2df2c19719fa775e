//! Several machines on one thread, in an order drawn from a seed, under virtual time.

use crate::Random;
use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

/// A machine, or something else that can be stopped as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub u32);

impl Node {
    /// What is between the machines. It is never stopped.
    pub const NETWORK: Self = Self(u32::MAX);
    /// Who arranges the run. Never stopped either.
    pub const STAGE: Self = Self(u32::MAX - 1);
}

/// Runs tasks. Cheap to clone: all clones are the same world.
#[derive(Clone)]
pub struct World(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Apart from `state`, because wakers are called from anywhere.
    woken: Mutex<Vec<TaskId>>,
}

type TaskId = u64;
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

struct State {
    now_us: u64,
    /// Numbers tasks and timers.
    sequence: u64,
    random: Random,
    tasks: BTreeMap<TaskId, Task>,
    timers: BTreeMap<(u64, u64), Waker>,
    paused: BTreeMap<Node, u64>,
    polls: u64,
}

struct Task {
    node: Node,
    waker: Arc<TaskWaker>,
    /// `None` while it is being polled.
    work: Option<Work>,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to do, ever.
    Idle,
    /// The time was up.
    TimeUp,
    /// The condition of [`World::run_while`] became false.
    Satisfied,
    /// Too many polls: tasks wake each other without end.
    Busy,
}

/// Polls of one call of [`World::run_while`]: a schedule of the log takes some ten thousand.
const MAX_POLLS: u64 = 20_000_000;

impl World {
    /// A world in which everything follows from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            now_us: 0,
            sequence: 0,
            random: Random::new(seed),
            tasks: BTreeMap::new(),
            timers: BTreeMap::new(),
            paused: BTreeMap::new(),
            polls: 0,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), woken: Mutex::default() }))
    }

    /// Time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_micros(self.state().now_us)
    }

    /// A stream of choices of its own.
    #[must_use]
    pub fn random(&self) -> Random {
        self.state().random.fork()
    }

    /// Starts a task on a machine.
    pub fn spawn(&self, node: Node, work: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.state();
        state.sequence += 1;
        let id = state.sequence;
        let waker =
            Arc::new(TaskWaker { id, is_woken: AtomicBool::new(true), world: Arc::downgrade(&self.0) });
        state.tasks.insert(id, Task { node, waker, work: Some(Box::pin(work)) });
        drop(state);
        self.woken().push(id);
    }

    /// Stops a machine at once: its tasks are dropped where they stand. What it has sent is on its way.
    ///
    /// Not to be called from a task of that machine: it would go on to its next wait.
    pub fn crash(&self, node: Node) {
        let mut state = self.state();
        let ids: Vec<TaskId> =
            state.tasks.iter().filter(|(_, task)| task.node == node).map(|(id, _)| *id).collect();
        let dropped: Vec<Task> = ids.iter().filter_map(|id| state.tasks.remove(id)).collect();
        state.paused.remove(&node);
        drop(state);
        drop(dropped); // outside of the lock: a task may own handles of this world
    }

    /// Stalls a machine, as a collector of garbage or a hypervisor does: nothing of it runs for this long.
    pub fn pause(&self, node: Node, duration: Duration) {
        let mut state = self.state();
        let until = state.now_us.saturating_add(micros(duration));
        state.paused.insert(node, until);
    }

    /// Waits.
    #[must_use]
    pub fn sleep(&self, duration: Duration) -> Sleep {
        let due_us = self.state().now_us.saturating_add(micros(duration));
        Sleep { world: self.clone(), due_us, timer: None }
    }

    /// Waits for `work`, but not longer than this.
    pub async fn timeout<T>(&self, duration: Duration, work: impl Future<Output = T> + Send) -> Option<T> {
        let mut sleep = self.sleep(duration);
        let mut work = std::pin::pin!(work);
        std::future::poll_fn(move |context| {
            if let Poll::Ready(value) = work.as_mut().poll(context) {
                return Poll::Ready(Some(value));
            }
            Pin::new(&mut sleep).poll(context).map(|()| None)
        })
        .await
    }

    /// Runs until nothing is left to do, or for this long.
    pub fn run_for(&self, duration: Duration) -> Ended {
        self.run_while(duration, || true)
    }

    /// Runs while the condition holds, at most for this long. A poll takes a microsecond, so that time passes for tasks
    /// that never wait.
    pub fn run_while(&self, at_most: Duration, condition: impl Fn() -> bool) -> Ended {
        let end_us = self.state().now_us.saturating_add(micros(at_most));
        let first_poll = self.state().polls;
        loop {
            if !condition() {
                return Ended::Satisfied;
            }
            let mut state = self.state();
            if state.now_us >= end_us {
                return Ended::TimeUp;
            }
            if state.polls - first_poll > MAX_POLLS {
                return Ended::Busy;
            }
            let Some((waker, mut work)) = self.choose(&mut state) else {
                match state.advance(end_us) {
                    Some(due) => {
                        drop(state);
                        due.into_iter().for_each(Waker::wake);
                        continue;
                    }
                    None => return Ended::Idle,
                }
            };
            state.now_us += 1;
            state.polls += 1;
            drop(state);
            let id = waker.id;
            waker.is_woken.store(false, Ordering::Relaxed);
            let waker = Waker::from(waker);
            let is_done = work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
            let mut state = self.state();
            if is_done {
                let ended = state.tasks.remove(&id);
                drop(state);
                drop(ended);
            } else if let Some(task) = state.tasks.get_mut(&id) {
                task.work = Some(work);
                continue;
            }
            // Here the task has ended, or its machine was stopped meanwhile.
        }
    }

    /// Drops every task, so that what they hold is let go even if they hold the world.
    pub fn end(&self) {
        let mut state = self.state();
        let tasks = std::mem::take(&mut state.tasks);
        let timers = std::mem::take(&mut state.timers);
        drop(state);
        drop((tasks, timers));
    }

    /// One of the tasks that can run, and the work of it.
    fn choose(&self, state: &mut State) -> Option<(Arc<TaskWaker>, Work)> {
        let mut woken = self.woken();
        let now_us = state.now_us;
        state.paused.retain(|_, until| *until > now_us);
        loop {
            let at = if state.paused.is_empty() {
                (!woken.is_empty()).then(|| state.random.index(woken.len()))?
            } else {
                let is_paused = |id: &TaskId| {
                    state.tasks.get(id).is_some_and(|task| state.paused.contains_key(&task.node))
                };
                let runnable: Vec<usize> =
                    (0..).zip(&*woken).filter(|(_, id)| !is_paused(id)).map(|(at, _)| at).collect();
                *state.random.pick(&runnable)?
            };
            let id = woken.swap_remove(at);
            // A task that has ended since it was woken is not there any more.
            if let Some(task) = state.tasks.get_mut(&id)
                && let Some(work) = task.work.take()
            {
                return Some((Arc::clone(&task.waker), work));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn woken(&self) -> MutexGuard<'_, Vec<TaskId>> {
        self.0.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Goes to the next moment at which something happens, and returns the timers that are due then. `None` if nothing
    /// will ever happen.
    fn advance(&mut self, end_us: u64) -> Option<Vec<Waker>> {
        let timer = self.timers.first_key_value().map(|((due, _), _)| *due);
        let unpaused = self.paused.values().min().copied();
        let next = timer.into_iter().chain(unpaused).min()?;
        self.now_us = self.now_us.max(next.min(end_us));
        let later = self.timers.split_off(&(self.now_us + 1, 0));
        Some(std::mem::replace(&mut self.timers, later).into_values().collect())
    }
}

struct TaskWaker {
    id: TaskId,
    /// Whether it is in the list already.
    is_woken: AtomicBool,
    world: std::sync::Weak<Shared>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if let Some(shared) = self.world.upgrade()
            && !self.is_woken.swap(true, Ordering::Relaxed)
        {
            shared.woken.lock().unwrap_or_else(PoisonError::into_inner).push(self.id);
        }
    }
}

/// See [`World::sleep`].
pub struct Sleep {
    world: World,
    due_us: u64,
    timer: Option<(u64, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let world = self.world.clone();
        let mut state = world.state();
        if state.now_us >= self.due_us {
            return Poll::Ready(());
        }
        let due_us = self.due_us;
        let timer = *self.timer.get_or_insert_with(|| {
            state.sequence += 1;
            (due_us, state.sequence)
        });
        let replaced = state.timers.insert(timer, context.waker().clone());
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            let removed = self.world.state().timers.remove(&timer);
            drop(removed);
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three machines that write down when they run.
    fn trace(seed: u64) -> Vec<(u32, u64)> {
        let world = World::new(seed);
        let seen = Arc::new(Mutex::new(Vec::new()));
        for node in 0..3 {
            let (world, seen) = (world.clone(), Arc::clone(&seen));
            let mut random = world.random();
            world.clone().spawn(Node(node), async move {
                for _ in 0..5 {
                    world.sleep(Duration::from_micros(random.below(10))).await;
                    seen.lock().unwrap().push((node, micros(world.now())));
                }
            });
        }
        assert_eq!(world.run_for(Duration::from_secs(1)), Ended::Idle);
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen.len(), 15);
        seen
    }

    #[test]
    fn a_seed_is_a_run() {
        assert_eq!(trace(1), trace(1));
        assert!((2..10).any(|seed| trace(seed) != trace(1)));
    }

    #[test]
    fn what_is_crashed_is_dropped_and_what_is_paused_waits() {
        let world = World::new(7);
        let seen = Arc::new(Mutex::new(Vec::new()));
        for node in 0..3 {
            let (inside, seen) = (world.clone(), Arc::clone(&seen));
            world.spawn(Node(node), async move {
                inside.sleep(Duration::from_millis(1)).await;
                seen.lock().unwrap().push((node, inside.now().as_millis()));
            });
        }
        world.crash(Node(0));
        world.pause(Node(1), Duration::from_millis(5));
        assert_eq!(world.run_for(Duration::from_secs(1)), Ended::Idle);
        assert_eq!(*seen.lock().unwrap(), [(2, 1), (1, 6)]);
    }

    #[test]
    fn time_out_and_time_up() {
        let world = World::new(7);
        let inside = world.clone();
        let result = Arc::new(Mutex::new(Vec::new()));
        let results = Arc::clone(&result);
        world.spawn(Node(0), async move {
            let long = inside.sleep(Duration::from_secs(9));
            let outcome = inside.timeout(Duration::from_secs(1), long).await;
            results.lock().unwrap().push(outcome);
            let short = inside.sleep(Duration::from_millis(9));
            let outcome = inside.timeout(Duration::from_secs(1), short).await;
            results.lock().unwrap().push(outcome);
            std::future::pending::<()>().await;
        });
        assert_eq!(world.run_for(Duration::from_millis(1)), Ended::TimeUp);
        assert_eq!(world.run_for(Duration::from_secs(5)), Ended::Idle);
        assert_eq!(*result.lock().unwrap(), [None, Some(())]);
    }
}
