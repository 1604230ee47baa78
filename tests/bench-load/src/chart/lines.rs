//! Charts with lines: figures that change as something else grows. The axis of what grows is logarithmic.

use std::fmt::Write;

use super::{WIDTH, begin, escape, figure};

const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 56.0;
/// The distance between two labels.
const APART: f64 = 17.0;

/// One line.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) label: String,
    /// From left to right. The first value of each point is above zero.
    pub(crate) points: Vec<(f64, f64)>,
}

/// The axes of a chart.
#[derive(Debug)]
pub(crate) struct Axes<'a> {
    pub(crate) title: &'a str,
    /// The title of the axis of what grows.
    pub(crate) along: &'a str,
    /// The marks of that axis, with their texts.
    pub(crate) marks: Vec<(f64, String)>,
    /// Whether the axis of figures is logarithmic, too. Otherwise it begins at zero.
    pub(crate) logarithmic: bool,
}

/// A chart of the lines, each with its label at the end.
pub(crate) fn lines(axes: &Axes<'_>, lines: &[Line]) -> String {
    let mut svg = begin(axes.title, HEIGHT);
    let values = || lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y);
    let most = values().fold(1e-6, f64::max);
    let least = values().fold(most, f64::min);
    let ticks = if axes.logarithmic {
        decades(least, most)
    } else {
        steps(most)
    };
    let scaled = |value: f64| if axes.logarithmic { value.ln() } else { value };
    let (low, high) = ends(ticks.iter().map(|tick| scaled(*tick)));
    let (first, last) = ends(axes.marks.iter().map(|(at, _)| at.ln()));
    let x = |value: f64| LEFT + (WIDTH - LEFT - RIGHT) * (value.ln() - first) / (last - first);
    let bottom = HEIGHT - BOTTOM;
    let y = |value: f64| bottom - (bottom - TOP) * (scaled(value) - low) / (high - low);

    // Writing to a string cannot fail.
    for tick in &ticks {
        let (right, at) = (WIDTH - RIGHT, y(*tick));
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            mark(*tick)
        );
    }
    for (at, label) in &axes.marks {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x(*at),
            bottom + 20.0,
            escape(label)
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        bottom + 42.0,
        escape(axes.along)
    );
    for (colour, line) in lines.iter().enumerate() {
        let mut path = String::new();
        for (index, (at, value)) in line.points.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            let (x, y) = (x(*at), y(*value));
            let _ = write!(path, "{command}{x:.1} {y:.1}");
            let _ = writeln!(
                svg,
                "<circle class=\"c{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
            );
        }
        let _ = writeln!(svg, "<path class=\"c{colour}\" d=\"{path}\"/>");
    }
    for (colour, at, label) in labels(lines, y) {
        let _ = writeln!(
            svg,
            "<text class=\"c{colour}\" x=\"{}\" y=\"{:.1}\">{}</text>",
            WIDTH - RIGHT + 12.0,
            at + 4.0,
            escape(&label)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The labels from top to bottom, each beside the end of its line, or as near as the other labels allow.
fn labels(lines: &[Line], y: impl Fn(f64) -> f64) -> Vec<(usize, f64, String)> {
    let mut labels: Vec<_> = lines
        .iter()
        .enumerate()
        .filter_map(|(colour, line)| {
            let (_, value) = line.points.last()?;
            let label = format!("{} {}", figure(*value), line.label);
            Some((colour, y(*value), label))
        })
        .collect();
    labels.sort_by(|a, b| a.1.total_cmp(&b.1));
    // From the bottom, since the lowest label has the least room.
    let mut floor = HEIGHT - BOTTOM;
    for (_, at, _) in labels.iter_mut().rev() {
        *at = at.min(floor);
        floor = *at - APART;
    }
    labels
}

/// A few round steps from zero to the next round figure.
fn steps(most: f64) -> Vec<f64> {
    let decade = 10_f64.powf((most / 5.0).log10().floor());
    let fits = |factor: &f64| factor * decade * 5.0 >= most;
    let step = decade * [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0);
    let mut ticks = vec![0.0];
    let mut tick = 0.0;
    while tick < most {
        tick += step;
        ticks.push(tick);
    }
    ticks
}

/// Powers of ten, from below the least to above the most.
fn decades(least: f64, most: f64) -> Vec<f64> {
    let mut tick = 10_f64.powf(least.log10().floor());
    let mut ticks = vec![tick];
    while tick < most {
        tick *= 10.0;
        ticks.push(tick);
    }
    ticks
}

/// The least and the greatest value; they differ.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (value.min(low), value.max(high))
    });
    (low, if high > low { high } else { low + 1.0 })
}

/// The text of a round figure.
fn mark(tick: f64) -> String {
    if tick >= 100.0 {
        return figure(tick);
    }
    // Removes the rounding error of sums.
    format!("{}", (tick * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::{Axes, Line, decades, labels, lines, steps};

    #[test]
    fn scales_are_round_and_hold_all() {
        assert_eq!(steps(15.0), [0.0, 5.0, 10.0, 15.0]);
        assert_eq!(steps(470.0), [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
        assert_eq!(decades(0.5, 20.0), [0.1, 1.0, 10.0, 100.0]);
    }

    #[test]
    fn labels_do_not_cover_each_other() {
        let line = |value| Line {
            label: String::new(),
            points: vec![(1.0, value)],
        };
        let placed = labels(&[line(1.0), line(2.0), line(3.0)], |value| 244.0 - value);
        let at: Vec<f64> = placed.iter().map(|(_, at, _)| *at).collect();
        assert_eq!(at, [209.0, 226.0, 243.0]);
    }

    #[test]
    fn a_line_goes_from_the_left_to_the_right_of_its_field() {
        let line = Line {
            label: "a & b".to_owned(),
            points: vec![(1.0, 10.0), (10.0, 0.0)],
        };
        let axes = Axes {
            title: "cost",
            along: "calls",
            marks: vec![(1.0, "1".to_owned()), (10.0, "10".to_owned())],
            logarithmic: false,
        };
        let svg = lines(&axes, &[line]);
        assert!(svg.contains("d=\"M64.0 48.0L520.0 244.0\""), "{svg}");
        assert!(svg.contains("0.00 a &amp; b"), "{svg}");
    }
}
