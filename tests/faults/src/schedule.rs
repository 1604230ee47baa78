//! Which faults come, one after the other: all of it by the seed alone, so that a run can be repeated.

use std::time::Duration;

use crate::fault::Kind;
use crate::random::Random;

/// One fault to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What goes wrong.
    pub kind: Kind,
    /// For how long.
    pub lasting: Duration,
    /// How long all is well afterwards.
    pub rest: Duration,
    /// A number for what else is left to chance: which server, which byte.
    pub detail: u64,
}

/// An endless sequence of faults. Each kind comes once, in random order, before chance alone decides.
#[derive(Debug, Clone)]
pub struct Schedule {
    random: Random,
    kinds: Vec<Kind>,
    first: Vec<Kind>,
}

impl Schedule {
    /// The schedule of this seed, from these kinds.
    #[must_use]
    pub fn new(seed: u64, kinds: &[Kind]) -> Self {
        let mut random = Random::new(seed);
        let mut first = kinds.to_vec();
        for at in (1..first.len()).rev() {
            let other = random.below(at as u64 + 1);
            first.swap(at, usize::try_from(other).unwrap_or(at));
        }
        Self {
            random,
            kinds: kinds.to_vec(),
            first,
        }
    }

    fn kind(&mut self) -> Option<Kind> {
        if let Some(kind) = self.first.pop() {
            return Some(kind);
        }
        let all: u64 = self.kinds.iter().map(|kind| kind.weight()).sum();
        let mut at = self.random.below(all);
        self.kinds.iter().copied().find(|kind| {
            let found = at < kind.weight();
            at = at.saturating_sub(kind.weight());
            found
        })
    }
}

impl Iterator for Schedule {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let kind = self.kind()?;
        let (least, most) = kind.lasts();
        Some(Planned {
            kind,
            lasting: self.random.between(least, most),
            rest: self
                .random
                .between(Duration::from_millis(100), Duration::from_millis(600)),
            detail: self.random.number(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_schedule_and_each_kind_comes() {
        let faults = |seed| {
            let schedule = Schedule::new(seed, &Kind::ALL);
            schedule.take(200).collect::<Vec<_>>()
        };
        assert_eq!(faults(1), faults(1));
        assert_ne!(faults(1), faults(2));
        let all = faults(3);
        for kind in Kind::ALL {
            let (first, later) = all.split_at(Kind::ALL.len());
            assert_eq!(first.iter().filter(|fault| fault.kind == kind).count(), 1);
            assert!(later.iter().any(|fault| fault.kind == kind), "{kind}");
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        assert_eq!(Schedule::new(1, &[]).next(), None);
    }
}
