//! The sequence of faults. Only the seed determines it, so a run can be repeated.

use std::time::Duration;

use crate::fault::Kind;
use crate::random::Random;

/// One planned fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// A kind of fault.
    pub kind: Kind,
    /// How long it lasts.
    pub lasting: Duration,
    /// The time without a fault afterwards.
    pub rest: Duration,
    /// A random number for other choices, such as the server or the byte.
    pub detail: u64,
}

/// An endless sequence of faults. First each kind comes once, in random order, as soon as it can be applied. Then the
/// kinds are random.
#[derive(Debug, Clone)]
pub struct Schedule {
    random: Random,
    kinds: Vec<Kind>,
    first: Vec<Kind>,
}

impl Schedule {
    /// The schedule of this seed, with these kinds.
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

    /// The next fault among the kinds for which `is_possible` is true, or none if there is no such kind.
    pub fn draw(&mut self, is_possible: impl Fn(Kind) -> bool) -> Option<Planned> {
        let kind = self.kind(is_possible)?;
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

    fn kind(&mut self, is_possible: impl Fn(Kind) -> bool) -> Option<Kind> {
        if let Some(at) = self.first.iter().rposition(|kind| is_possible(*kind)) {
            return Some(self.first.remove(at));
        }
        let kinds = self.kinds.iter().copied().filter(|kind| is_possible(*kind));
        let all: u64 = kinds.clone().map(Kind::weight).sum();
        if all == 0 {
            return None;
        }
        let mut at = self.random.below(all);
        let mut kinds = kinds;
        kinds.find(|kind| {
            let found = at < kind.weight();
            at = at.saturating_sub(kind.weight());
            found
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_schedule_and_each_kind_comes() {
        let faults = |seed| {
            let mut schedule = Schedule::new(seed, &Kind::ALL);
            let faults = std::iter::from_fn(|| schedule.draw(|_| true));
            faults.take(1000).collect::<Vec<_>>()
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
        assert_eq!(Schedule::new(1, &[]).draw(|_| true), None);
    }

    #[test]
    fn a_kind_that_could_not_come_comes_first_when_it_can() {
        let mut schedule = Schedule::new(1, &Kind::ALL);
        let without = |schedule: &mut Schedule, kind| schedule.draw(|other| other != kind);
        for _ in 0..100 {
            let fault = without(&mut schedule, Kind::Alarm).expect("others are left");
            assert_ne!(fault.kind, Kind::Alarm);
        }
        let fault = schedule.draw(|_| true);
        assert_eq!(fault.map(|fault| fault.kind), Some(Kind::Alarm));
    }
}
