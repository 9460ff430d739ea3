//! The memory of operators. Those that can spill share it evenly, as in DataFusion's `FairSpillPool`, but never all of it:
//! a sort that is full merges what it holds before it spills, and a merge cannot spill.

use std::fmt::{self, Display};
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size as show,
};

/// Who is given what he asks for: rows on their way from one partition to another. They are few, and DataFusion 55.2 waits
/// for ever when two that send spill at once (apache/datafusion#24883).
const ON_THEIR_WAY: &str = "RepartitionExec";
/// Who holds twice what he asks for: a hash join copies the rows that are looked up into one batch, and asks for none of it
/// (DataFusion 55.2).
const HELD_TWICE: &str = "HashJoinInput";
/// What those that can spill may hold together, in percent.
const SPILLING_PERCENT: usize = 60;

/// So many bytes, shared.
#[derive(Debug)]
pub(super) struct Pool {
    bytes: usize,
    shares: Mutex<Shares>,
}

/// Who holds what.
#[derive(Debug, Default)]
struct Shares {
    /// Operators that can spill.
    spilling: usize,
    /// What they hold, in bytes.
    spillable: usize,
    /// What the others hold.
    firm: usize,
}

impl Pool {
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes, shares: Mutex::default() }
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shares {
    fn held_with(&mut self, consumer: &MemoryConsumer) -> &mut usize {
        if spills(consumer) { &mut self.spillable } else { &mut self.firm }
    }
}

fn spills(consumer: &MemoryConsumer) -> bool {
    consumer.can_spill() && !is_on_its_way(consumer)
}

/// What so many bytes of a consumer are.
fn weighed(bytes: usize, consumer: &MemoryConsumer) -> usize {
    if consumer.name().starts_with(HELD_TWICE) { bytes.saturating_mul(2) } else { bytes }
}

fn is_on_its_way(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with(ON_THEIR_WAY)
}

impl MemoryPool for Pool {
    fn name(&self) -> &str {
        "seatledger"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.shares().spilling += usize::from(spills(consumer));
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.shares().spilling -= usize::from(spills(consumer));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let consumer = reservation.consumer();
        *self.shares().held_with(consumer) += weighed(additional, consumer);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let consumer = reservation.consumer();
        *self.shares().held_with(consumer) -= weighed(shrink, consumer);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let (mut shares, consumer) = (self.shares(), reservation.consumer());
        let weight = weighed(additional, consumer);
        let left = match spills(consumer) {
            true => {
                let all = self.bytes.saturating_sub(shares.firm).min(self.bytes / 100 * SPILLING_PERCENT);
                (all / shares.spilling.max(1)).saturating_sub(reservation.size())
            }
            false => self.bytes.saturating_sub(shares.firm + shares.spillable),
        };
        if weight > left && !is_on_its_way(consumer) {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} holds {} and needs {} more; of {self} {} are left for it",
                consumer.name(),
                show(weighed(reservation.size(), consumer)),
                show(weight),
                show(left),
            )));
        }
        *shares.held_with(consumer) += weight;
        Ok(())
    }

    fn reserved(&self) -> usize {
        let shares = self.shares();
        shares.spillable + shares.firm
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}

impl Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show(self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn those_that_spill_share_evenly_and_leave_something_to_the_others() {
        let pool: Arc<dyn MemoryPool> = Arc::new(Pool::new(1000));
        let sort = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&pool);
        let (one, firm) = (sort("one"), MemoryConsumer::new("merge").register(&pool));
        one.try_grow(600).unwrap();
        let refused = one.try_grow(1).unwrap_err().strip_backtrace();
        assert!(
            refused.contains("one holds 600.0 B and needs 1.0 B more; of 1000.0 B 0.0 B are left for it"),
            "{refused}"
        );
        let two = sort("two");
        two.try_grow(300).unwrap();
        two.try_grow(1).unwrap_err();
        one.shrink(300);
        one.try_grow(1).unwrap_err();
        firm.try_grow(400).unwrap();
        firm.try_grow(1).unwrap_err();
        two.free();
        firm.try_grow(300).unwrap();
        assert_eq!(pool.reserved(), 1000);
        drop(two);
        one.try_grow(1).unwrap_err();
        drop(firm);
        one.try_grow(300).unwrap();
        let passing = sort("RepartitionExec[1]");
        passing.try_grow(1000).unwrap();
        assert_eq!(pool.reserved(), 1600);
        drop(passing);
        let joining = MemoryConsumer::new("HashJoinInput[0]").register(&pool);
        joining.try_grow(201).unwrap_err();
        joining.try_grow(200).unwrap();
        assert_eq!(pool.reserved(), 1000);
        joining.shrink(50);
        assert_eq!(pool.reserved(), 900);
        drop(joining);
        one.try_grow(1).unwrap_err();
        assert_eq!(pool.reserved(), 600);
    }
}
