//! Charts with bars: one figure of several contenders.

use std::fmt::Write;

use super::{WIDTH, begin, escape, figure};

const LABELS: f64 = 300.0;
const VALUES: f64 = 90.0;
const ROW: f64 = 26.0;
const TOP: f64 = 44.0;

/// One bar.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// The bar of this library has another colour.
    pub(crate) ours: bool,
}

/// A chart with a bar for each value, all on one linear scale that begins at zero.
pub(crate) fn bars(title: &str, bars: &[Bar]) -> String {
    let most = bars
        .iter()
        .map(|bar| bar.value)
        .fold(f64::MIN_POSITIVE, f64::max);
    let height = TOP + ROW * bars.len() as f64 + 10.0;
    let mut svg = begin(title, height);
    for (row, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let length = (WIDTH - LABELS - VALUES) * bar.value / most;
        let class = if bar.ours { "ours" } else { "other" };
        let end = LABELS + length + 6.0;
        let middle = y + 13.0;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{middle}\" text-anchor=\"end\">{label}</text>\
             <rect class=\"{class}\" x=\"{LABELS}\" y=\"{y}\" width=\"{length:.1}\" height=\"18\"/>\
             <text x=\"{end:.1}\" y=\"{middle}\">{value}</text>",
            x = LABELS - 8.0,
            label = escape(&bar.label),
            value = figure(bar.value),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::{Bar, bars};

    #[test]
    fn the_longest_bar_fills_the_room_and_the_others_are_in_proportion() {
        let bar = |value, ours| Bar {
            label: "a & b".to_owned(),
            value,
            ours,
        };
        let svg = bars("calls < casts", &[bar(12_345.0, true), bar(6_172.5, false)]);
        for part in [
            "calls &lt; casts",
            "a &amp; b",
            "width=\"330.0\"",
            "width=\"165.0\"",
            "12,345",
            "class=\"ours\"",
        ] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
    }
}
