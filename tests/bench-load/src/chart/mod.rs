//! Charts, as SVG: legible on light and on dark pages.

pub(crate) mod bars;
pub(crate) mod lines;

use crate::markdown::grouped;

const WIDTH: f64 = 720.0;

/// The beginning of all charts.
fn begin(title: &str, height: f64) -> String {
    let title = escape(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<title>{title}</title>\n<style>\n\
         text {{ fill: #24292f }} .other {{ fill: #8c959f }} .ours {{ fill: #bf5700 }}\n\
         .grid {{ stroke: #d0d7de }} path {{ fill: none; stroke-width: 2 }}\n\
         .c0 {{ stroke: #bf5700; fill: #bf5700 }} .c1 {{ stroke: #57606a; fill: #57606a }}\n\
         .c2 {{ stroke: #0969da; fill: #0969da }} .c3 {{ stroke: #1a7f37; fill: #1a7f37 }}\n\
         path.c0, path.c1, path.c2, path.c3 {{ fill: none }} text.c0, text.c1, text.c2, text.c3 {{ stroke: none }}\n\
         @media (prefers-color-scheme: dark) {{ text {{ fill: #d0d7de }} .other {{ fill: #6e7681 }} \
         .ours {{ fill: #f0883e }} .grid {{ stroke: #30363d }}\n\
         .c0 {{ stroke: #f0883e; fill: #f0883e }} .c1 {{ stroke: #8b949e; fill: #8b949e }}\n\
         .c2 {{ stroke: #58a6ff; fill: #58a6ff }} .c3 {{ stroke: #3fb950; fill: #3fb950 }} }}\n</style>\n\
         <text x=\"0\" y=\"20\" font-size=\"15\" font-weight=\"bold\">{title}</text>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A figure with its significant digits.
fn figure(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.2}");
    }
    if value < 100.0 {
        return format!("{value:.1}");
    }
    grouped(&format!("{value:.0}"))
}
