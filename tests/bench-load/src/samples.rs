//! The results of each round: plain values, and their medians.

use std::collections::BTreeMap;

use crate::load::Kind;

/// One row of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) contender: &'static str,
    pub(crate) kind: Kind,
    pub(crate) callers: usize,
}

/// The figures of one round of load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Requests a second.
    pub(crate) rate: f64,
    /// The median latency of a request, in microseconds.
    pub(crate) median: f64,
    /// The latency of the slowest request in a hundred, in microseconds.
    pub(crate) p99: f64,
    /// CPU seconds of the client for 10,000 requests.
    pub(crate) client: f64,
    /// CPU seconds of the server for 10,000 requests.
    pub(crate) server: f64,
    /// CPU seconds of the broker for 10,000 requests.
    pub(crate) broker: f64,
}

impl Sample {
    /// CPU seconds of both ends for 10,000 requests.
    pub(crate) fn ends(&self) -> f64 {
        self.client + self.server
    }
}

/// The figures of all rounds of all cells.
#[derive(Debug)]
pub(crate) struct Samples<C, S>(BTreeMap<C, Vec<S>>);

impl<C: Ord, S> Samples<C, S> {
    pub(crate) fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn add(&mut self, cell: C, sample: S) {
        self.0.entry(cell).or_default().push(sample);
    }

    /// The median of a figure over the rounds.
    pub(crate) fn median(&self, cell: &C, figure: impl Fn(&S) -> f64) -> Option<f64> {
        median(self.0.get(cell)?.iter().map(figure).collect())
    }

    /// The least and the greatest value of a figure.
    pub(crate) fn range(&self, cell: &C, figure: impl Fn(&S) -> f64) -> Option<(f64, f64)> {
        let figures = self.0.get(cell)?.iter().map(figure);
        figures.fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((least, most)) => Some((value.min(least), value.max(most))),
        })
    }

    /// The median over the rounds of one cell's figure divided by another's. Both figures of a round were taken within
    /// seconds of each other.
    pub(crate) fn ratio(&self, ours: &C, theirs: &C, figure: impl Fn(&S) -> f64) -> Option<f64> {
        let rounds = self.0.get(ours)?.iter().zip(self.0.get(theirs)?);
        median(rounds.map(|(a, b)| figure(a) / figure(b)).collect())
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    Some(f64::midpoint(*values.get(low)?, *values.get(high)?))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, f64::INFINITY, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
