//! Charts as SVG in the page, each with its numbers in a table behind it: what a screen reader reads, and
//! what is shown without a picture.

use std::fmt::Write as _;

use super::Page;
use askama::Template;
use askama::filters::{HtmlSafe, Safe};

const WIDTH: u32 = 720;
const HEIGHT: u32 = 200;
/// Room for the marks of the axes.
const LEFT: u32 = 44;
const BOTTOM: u32 = 24;
const TOP: u32 = 10;
/// Marks under the bars at most.
const MARKS: usize = 12;

/// Numbers over a row of labels: bars beside each other, or lines.
#[derive(Template)]
#[template(path = "parts/chart.html")]
pub(crate) struct Chart {
    title: String,
    picture: Safe<String>,
    labels: Vec<String>,
    series: Vec<Series>,
    numbers: Vec<Vec<String>>,
    show_numbers: String,
    empty: Option<String>,
}

impl HtmlSafe for Chart {}

/// One row of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// What they are, in words.
    pub(crate) name: String,
    /// One for each label.
    pub(crate) values: Vec<u64>,
}

/// How it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// Bars beside each other.
    Bars,
    /// A line for each series.
    Lines,
}

impl Chart {
    /// A chart called `title` (in words). Series are told apart by colour and, in the legend and the table,
    /// by name.
    pub(crate) fn new(
        page: &Page,
        title: String,
        shape: Shape,
        labels: Vec<String>,
        series: Vec<Series>,
    ) -> Self {
        let most = series.iter().flat_map(|series| series.values.iter().copied()).max().unwrap_or(0);
        let top = ceiling(most);
        let mut svg = String::new();
        axes(&mut svg, page, &labels, top);
        for (at, one) in series.iter().enumerate() {
            match shape {
                Shape::Bars => bars(&mut svg, one, (at, series.len()), labels.len(), top, &labels),
                Shape::Lines => line(&mut svg, one, at, labels.len(), top),
            }
        }
        let numbers = (0..labels.len())
            .map(|at| {
                series.iter().map(|one| page.number(one.values.get(at).copied().unwrap_or(0))).collect()
            })
            .collect();
        let picture = Safe(format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-hidden=\"true\" \
             class=\"chart-svg\">{svg}</svg>"
        ));
        let empty = (most == 0).then(|| page.t("common-chart-empty"));
        let show_numbers = page.t("common-chart-numbers");
        Self { title, picture, labels, series, numbers, show_numbers, empty }
    }
}

/// The next round number: 1, 2 or 5 with zeros.
fn ceiling(most: u64) -> u64 {
    let mut unit = 1u64;
    loop {
        for step in [1, 2, 5] {
            let top = unit.saturating_mul(step);
            if top >= most {
                return top.max(1);
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn height(value: u64, top: u64) -> u32 {
    let room = u128::from(HEIGHT - BOTTOM - TOP);
    u32::try_from(u128::from(value) * room / u128::from(top.max(1))).unwrap_or(0)
}

fn column(at: usize, of: usize) -> (u32, u32) {
    let (at, of) = (u32::try_from(at).unwrap_or(0), u32::try_from(of.max(1)).unwrap_or(1));
    let wide = WIDTH - LEFT;
    (LEFT + wide * at / of, (wide / of).max(1))
}

fn axes(svg: &mut String, page: &Page, labels: &[String], top: u64) {
    for share in 0..=2u64 {
        let value = top * share / 2;
        if share == 1 && top < 2 {
            continue;
        }
        let y = HEIGHT - BOTTOM - height(value, top);
        // Writing to a string does not fail.
        let _ = write!(
            svg,
            "<line class=\"chart-grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y}\" y2=\"{y}\"/>\
             <text class=\"chart-mark\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 6,
            y + 4,
            page.number(value)
        );
    }
    let every = labels.len().div_ceil(MARKS).max(1);
    for (at, label) in labels.iter().enumerate().filter(|(at, _)| at % every == 0) {
        let (x, wide) = column(at, labels.len());
        let _ = write!(
            svg,
            "<text class=\"chart-mark\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x + wide / 2,
            HEIGHT - 6,
            text(label)
        );
    }
}

/// A text inside the picture.
fn text(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn bars(
    svg: &mut String,
    one: &Series,
    (at, of): (usize, usize),
    columns: usize,
    top: u64,
    labels: &[String],
) {
    for (place, value) in one.values.iter().enumerate().take(columns) {
        let (x, wide) = column(place, columns);
        let inner = (wide * 7 / 10).max(1);
        let each = (inner / u32::try_from(of.max(1)).unwrap_or(1)).max(1);
        let x = x + (wide - inner) / 2 + each * u32::try_from(at).unwrap_or(0);
        let tall = height(*value, top).max(u32::from(*value > 0));
        let label = labels.get(place).map_or("", String::as_str);
        let _ = write!(
            svg,
            "<rect class=\"chart-{at}\" x=\"{x}\" y=\"{}\" width=\"{each}\" height=\"{tall}\">\
             <title>{}: {value} ({})</title></rect>",
            HEIGHT - BOTTOM - tall,
            text(label),
            text(&one.name)
        );
    }
}

fn line(svg: &mut String, one: &Series, at: usize, columns: usize, top: u64) {
    let points: Vec<String> = one
        .values
        .iter()
        .enumerate()
        .take(columns)
        .map(|(place, value)| {
            let (x, wide) = column(place, columns);
            format!("{},{}", x + wide / 2, HEIGHT - BOTTOM - height(*value, top))
        })
        .collect();
    let _ = write!(svg, "<polyline class=\"chart-line chart-{at}\" points=\"{}\"/>", points.join(" "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number() {
        assert_eq!([0, 1, 3, 7, 10, 11, 99, 1234].map(ceiling), [1, 1, 5, 10, 10, 20, 100, 2000]);
        assert!(ceiling(u64::MAX) > 0);
    }

    #[test]
    fn a_label_cannot_leave_its_picture() {
        assert_eq!(text("<b>&\""), "&lt;b&gt;&amp;&quot;");
    }
}
