//! Charts as SVG in the page, each with its numbers in a table behind it: what a screen reader reads, and
//! what is shown without a picture.

use std::fmt::Write as _;

use super::Page;
use askama::Template;
use askama::filters::{HtmlSafe, Safe};

/// Steps of the upright axis, at least about so many.
const STEPS: u64 = 4;

/// How large a picture is drawn. It is drawn once for wide windows and once for narrow ones, so that its words
/// have the size of the page's words in both; the style sheet shows the one that fits.
#[derive(Clone, Copy, Debug)]
struct Canvas {
    class: &'static str,
    width: u32,
    height: u32,
    /// Labels under the columns at most.
    marks: usize,
}

const WIDE: Canvas = Canvas { class: "chart-wide", width: 960, height: 224, marks: 12 };
const NARROW: Canvas = Canvas { class: "chart-narrow", width: 340, height: 190, marks: 5 };
/// Room for the marks of the axes.
const LEFT: u32 = 42;
const BOTTOM: u32 = 24;
const TOP: u32 = 10;
/// The widest that a bar gets.
const BAR_MAX: u32 = 44;

/// Numbers over a row of labels: a bar for each label, in which the series stand on top of each other.
#[derive(Template)]
#[template(path = "parts/chart.html")]
pub(crate) struct Chart {
    title: String,
    wide: Safe<String>,
    narrow: Safe<String>,
    labels: Vec<String>,
    series: Vec<Series>,
    numbers: Vec<Vec<String>>,
    show_numbers: String,
    empty: Option<String>,
}

impl HtmlSafe for Chart {}

/// What a series means, by which it is coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    Good,
    /// Neither yet.
    Soft,
    Bad,
}

impl Tone {
    /// Its class in the style sheet.
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "chart-good",
            Self::Soft => "chart-soft",
            Self::Bad => "chart-bad",
        }
    }
}

/// One row of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// What they are, in words.
    pub(crate) name: String,
    pub(crate) tone: Tone,
    /// One for each label.
    pub(crate) values: Vec<u64>,
}

impl Series {
    fn at(&self, label: usize) -> u64 {
        self.values.get(label).copied().unwrap_or(0)
    }
}

impl Chart {
    /// A chart called `title` (in words). Series are told apart by colour and, in the legend and the table,
    /// by name; the first stands at the bottom.
    pub(crate) fn new(page: &Page, title: String, labels: Vec<String>, series: Vec<Series>) -> Self {
        let whole = |at: usize| series.iter().map(|one| one.at(at)).fold(0, u64::saturating_add);
        let most = (0..labels.len()).map(whole).max().unwrap_or(0);
        let numbers =
            (0..labels.len()).map(|at| series.iter().map(|one| page.number(one.at(at))).collect()).collect();
        let draw = |canvas| Safe(picture(page, canvas, &labels, &series, most));
        Self {
            wide: draw(WIDE),
            narrow: draw(NARROW),
            empty: (most == 0).then(|| page.t("common-chart-empty")),
            show_numbers: page.t("common-chart-numbers"),
            title,
            labels,
            series,
            numbers,
        }
    }
}

fn picture(page: &Page, canvas: Canvas, labels: &[String], series: &[Series], most: u64) -> String {
    let (step, top) = scale(most);
    let mut svg = String::new();
    axes(&mut svg, page, canvas, labels, (step, top));
    for at in 0..labels.len() {
        column(&mut svg, page, canvas, at, labels, series, top);
    }
    let Canvas { class, width, height, .. } = canvas;
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-hidden=\"true\" \
         class=\"chart-svg {class}\">{svg}</svg>"
    )
}

/// The distance of two marks (1, 2 or 5 with zeros) and the topmost, the first that is not below `most`.
fn scale(most: u64) -> (u64, u64) {
    let fits = |step: &u64| step.saturating_mul(STEPS) >= most;
    let steps = (0..19).flat_map(|zeros| [1, 2, 5].map(|digit| digit * 10u64.pow(zeros)));
    let step = steps.into_iter().find(fits).unwrap_or(u64::MAX / STEPS);
    (step, most.div_ceil(step).max(1).saturating_mul(step))
}

/// How tall a value stands.
fn height(canvas: Canvas, value: u64, top: u64) -> u32 {
    let room = u128::from(canvas.height - BOTTOM - TOP);
    u32::try_from(u128::from(value) * room / u128::from(top.max(1))).unwrap_or(0)
}

/// Where the space of a label begins, and how wide it is.
fn space(canvas: Canvas, at: usize, of: usize) -> (u32, u32) {
    let (at, of) = (u32::try_from(at).unwrap_or(0), u32::try_from(of.max(1)).unwrap_or(1));
    let room = canvas.width - LEFT;
    let from = LEFT + room * at / of;
    (from, (LEFT + room * (at + 1) / of - from).max(1))
}

fn axes(svg: &mut String, page: &Page, canvas: Canvas, labels: &[String], (step, top): (u64, u64)) {
    let floor = canvas.height - BOTTOM;
    for mark in 0..=top / step {
        let value = mark * step;
        let y = floor - height(canvas, value, top);
        let zero = if value == 0 { " chart-zero" } else { "" };
        // Writing to a string does not fail.
        let _ = write!(
            svg,
            "<line class=\"chart-grid{zero}\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>\
             <text class=\"chart-mark\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            canvas.width,
            LEFT - 8,
            y + 4,
            page.number(value)
        );
    }
    let every = labels.len().div_ceil(canvas.marks).max(1);
    for (at, label) in labels.iter().enumerate().filter(|(at, _)| at % every == 0) {
        let (x, wide) = space(canvas, at, labels.len());
        let _ = write!(
            svg,
            "<text class=\"chart-mark\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x + wide / 2,
            canvas.height - 6,
            text(label)
        );
    }
}

/// A text inside the picture.
fn text(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The bar of a label, and above it, unseen, what tells its numbers to a mouse.
fn column(
    svg: &mut String,
    page: &Page,
    canvas: Canvas,
    at: usize,
    labels: &[String],
    series: &[Series],
    top: u64,
) {
    let (x, wide) = space(canvas, at, labels.len());
    let bar = (wide * 7 / 10).clamp(1, BAR_MAX);
    let floor = canvas.height - BOTTOM;
    let told = series.iter().map(|one| format!("{}\u{a0}: {}", text(&one.name), page.number(one.at(at))));
    let told = told.collect::<Vec<_>>().join("\n");
    // Writing to a string does not fail.
    let _ = write!(
        svg,
        "<g class=\"chart-column\"><title>{}\n{told}</title>\
         <rect class=\"chart-hit\" x=\"{x}\" y=\"{TOP}\" width=\"{wide}\" height=\"{}\"/>",
        labels.get(at).map(|label| text(label)).unwrap_or_default(),
        floor - TOP
    );
    let mut below = 0u32;
    for one in series.iter().filter(|one| one.at(at) > 0) {
        // What is there is seen, however little it is.
        let tall = height(canvas, one.at(at), top).max(1);
        let y = floor.saturating_sub(below + tall);
        let _ = write!(
            svg,
            "<rect class=\"{}\" x=\"{}\" y=\"{y}\" width=\"{bar}\" height=\"{tall}\" rx=\"1\"/>",
            one.tone.class(),
            x + (wide - bar) / 2
        );
        below += tall;
    }
    svg.push_str("</g>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_has_round_marks_and_ends_at_one() {
        let told = [0, 1, 3, 7, 10, 32, 99, 1234].map(scale);
        let expected = [(1, 1), (1, 1), (1, 3), (2, 8), (5, 10), (10, 40), (50, 100), (500, 1500)];
        assert_eq!(told, expected);
        assert!(scale(u64::MAX).0 > 0);
    }

    #[test]
    fn spaces_of_labels_stand_side_by_side_and_fill_the_width() {
        for of in [1, 5, 24, 30] {
            let spaces: Vec<(u32, u32)> = (0..of).map(|at| space(WIDE, at, of)).collect();
            assert!(spaces.windows(2).all(|two| two[0].0 + two[0].1 == two[1].0), "{of}");
            assert_eq!(spaces[of - 1].0 + spaces[of - 1].1, WIDE.width, "{of}");
        }
    }

    #[test]
    fn a_label_cannot_leave_its_picture() {
        assert_eq!(text("<b>&\""), "&lt;b&gt;&amp;&quot;");
    }
}
