//! How it is drawn: the same tables on a screen and as text.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Table};

use super::board::{Board, RouteLine};

/// Columns between two of which so much is left free.
const SPACING: u16 = 2;

/// A table: its name, its heading, its lines, and which of them want somebody's attention.
struct Grid {
    name: &'static str,
    heading: &'static [&'static str],
    /// Columns that a narrow screen does without, the first of them first.
    spare: &'static [&'static str],
    lines: Vec<(Vec<String>, Alarm)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Alarm {
    None,
    Look,
    Act,
}

impl Alarm {
    fn style(self) -> Style {
        match self {
            Self::None => Style::new(),
            Self::Look => Style::new().fg(Color::Yellow),
            Self::Act => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        }
    }
}

/// Draws what was seen; `gone` says why the last look failed.
pub(super) fn draw(frame: &mut Frame<'_>, url: &str, board: Option<&Board>, gone: Option<&str>) {
    let Some(board) = board else {
        let waiting = gone.unwrap_or("looking…");
        frame.render_widget(Paragraph::new(format!("facteur top  {url}\n\n{waiting}")), frame.area());
        return;
    };
    let grids = [queues(board), routes(board)];
    let height = |grid: &Grid| u16::try_from(grid.lines.len() + 3).unwrap_or(u16::MAX);
    let [head, top, middle, below, foot] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Length(height(&grids[0])),
        Constraint::Length(height(&grids[1])),
        Constraint::Fill(1),
        Constraint::Length(4),
    ])
    .areas(frame.area());
    let state = match (gone, board.ready) {
        (Some(_), _) => Span::styled("GONE", Alarm::Act.style()),
        (None, true) => Span::styled("ready", Style::new().fg(Color::Green)),
        (None, false) => Span::styled("NOT READY", Alarm::Act.style()),
    };
    let title = Line::from(vec![Span::raw(format!("facteur top  {url}  ")), state]);
    let trouble = gone.or(board.store_trouble.as_deref()).unwrap_or_default().to_owned();
    frame.render_widget(Paragraph::new(vec![title, Line::raw(flow(board)), Line::raw(trouble)]), head);
    for (grid, area) in grids.iter().zip([top, middle]) {
        table(frame, grid, area);
    }
    let troubles: Vec<Line<'_>> = troubles(board).into_iter().map(Line::raw).collect();
    frame.render_widget(Paragraph::new(troubles), below);
    let last = [store(board), webhooks(board), http(board), "q ends".to_owned()];
    frame.render_widget(Paragraph::new(last.map(Line::raw).to_vec()), foot);
}

fn table(frame: &mut Frame<'_>, grid: &Grid, area: Rect) {
    let all = widths(grid);
    let places = fitting(grid, &all, usize::from(area.width.saturating_sub(2)));
    let widths = places.iter().map(|place| Constraint::Length(u16::try_from(all[*place]).unwrap_or(40)));
    let row =
        |cells: &[String]| Row::new(places.iter().map(|place| cells[*place].clone()).collect::<Vec<_>>());
    let rows = grid.lines.iter().map(|(cells, alarm)| row(cells).style(alarm.style()));
    let heading: Vec<String> = grid.heading.iter().map(|word| (*word).to_owned()).collect();
    let heading = row(&heading).style(Style::new().add_modifier(Modifier::BOLD));
    let shown = Table::new(rows, widths)
        .header(heading)
        .column_spacing(SPACING)
        .block(Block::bordered().title(grid.name));
    frame.render_widget(shown, area);
}

/// The columns that are shown on so many characters, in order: a figure that is cut off is a wrong one.
fn fitting(grid: &Grid, widths: &[usize], room: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..grid.heading.len()).collect();
    let wide = |places: &[usize]| -> usize {
        places.iter().map(|place| widths[*place] + usize::from(SPACING)).sum::<usize>() - usize::from(SPACING)
    };
    for spare in grid.spare {
        if wide(&places) <= room {
            break;
        }
        places.retain(|place| grid.heading[*place] != *spare);
    }
    places
}

fn widths(grid: &Grid) -> Vec<usize> {
    let longest = |place: usize| {
        let cells = grid.lines.iter().map(|(cells, _)| cells[place].chars().count());
        cells.max().unwrap_or(0).max(grid.heading[place].chars().count())
    };
    (0..grid.heading.len()).map(longest).collect()
}

/// The same for `--once`.
pub(super) fn text(board: &Board) -> String {
    let mut text = format!("{}\n{}\n", if board.ready { "ready" } else { "NOT READY" }, flow(board));
    for grid in [queues(board), routes(board)] {
        let widths = widths(&grid);
        let heading = grid.heading.iter().map(|word| (*word).to_owned()).collect();
        text.push('\n');
        for cells in std::iter::once(&heading).chain(grid.lines.iter().map(|(cells, _)| cells)) {
            let cells: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
    }
    for trouble in troubles(board) {
        text.push_str(&trouble);
        text.push('\n');
    }
    text.push_str(&format!("\n{}\n{}\n{}\n", store(board), webhooks(board), http(board)));
    text
}

fn flow(board: &Board) -> String {
    format!(
        "accepted {}/s (p99 {})  refused {}/s  shed {}/s  delivered {}/s  failed {}/s",
        rate(board.accepted),
        seconds(board.accept_p99_seconds),
        rate(board.refused),
        rate(board.shed),
        rate(board.delivered),
        rate(board.failed),
    )
}

fn http(board: &Board) -> String {
    format!("http      {}/s on {:.0} connections", rate(board.http.requests), board.http.connections)
}

/// The last trouble of each route that had one.
fn troubles(board: &Board) -> Vec<String> {
    let had = |route: &RouteLine| route.trouble.as_ref().map(|why| format!("{}: {why}", route.name));
    board.routes.iter().filter_map(had).collect()
}

fn queues(board: &Board) -> Grid {
    let lines = board.queues.iter().map(|queue| {
        let late = queue.wait_p99_seconds.is_some_and(|wait| wait > 1.0);
        let alarm = if queue.class == "otp" && late { Alarm::Act } else { Alarm::None };
        let cells = vec![
            queue.class.clone(),
            queue.parts.to_string(),
            queue.messages.to_string(),
            queue.on_disk.to_string(),
            rate(queue.accepted),
            rate(queue.left),
            seconds(queue.wait_p99_seconds),
            seconds(queue.eta_seconds),
        ];
        (cells, alarm)
    });
    Grid {
        name: " queues ",
        spare: &["memory", "disk"],
        heading: &["class", "parts", "memory", "disk", "in/s", "out/s", "wait p99", "eta"],
        lines: lines.collect(),
    }
}

fn routes(board: &Board) -> Grid {
    let lines = board.routes.iter().map(|route| {
        let alarm = if route.bound == 0 {
            Alarm::Act
        } else if route.bound < route.binds || route.in_doubt > 0 || route.throttled > 0.0 || route.lost > 0.0
        {
            Alarm::Look
        } else {
            Alarm::None
        };
        let cells = vec![
            route.name.clone(),
            format!("{}/{}", route.bound, route.binds),
            route.in_doubt.to_string(),
            format!("{}/{}", route.in_flight, route.window),
            rate(route.rate),
            if route.limit == 0 { "-".to_owned() } else { route.limit.to_string() },
            rate(route.throttled),
            rate(route.refused),
            rate(route.lost),
            seconds(route.answer_seconds),
            seconds(route.receipt_p90_seconds),
        ];
        (cells, alarm)
    });
    Grid {
        name: " routes ",
        spare: &["refused/s", "doubt", "lost/s", "limit", "throttled/s", "window"],
        heading: &[
            "route",
            "bound",
            "doubt",
            "window",
            "parts/s",
            "limit",
            "throttled/s",
            "refused/s",
            "lost/s",
            "answer",
            "receipt p90",
        ],
        lines: lines.collect(),
    }
}

fn store(board: &Board) -> String {
    format!(
        "store     {} batches/s  {} rows each  {:.0} waiting  {:.0} refused since the start",
        rate(board.store.batches),
        board.store.rows_per_batch.map_or_else(|| "-".to_owned(), rate),
        board.store.waiting,
        board.store.failures,
    )
}

fn webhooks(board: &Board) -> String {
    let webhooks = &board.webhooks;
    format!(
        "webhooks  {} delivered/s  {} to be tried again/s  {} failed/s  {:.0} in hand",
        rate(webhooks.delivered),
        rate(webhooks.retried),
        rate(webhooks.failed),
        webhooks.in_hand,
    )
}

/// Short, and honest about little.
fn rate(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value < 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn seconds(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.is_infinite() => "over 1 h".to_owned(),
        Some(value) if value < 1.0 => format!("{:.0} ms", value * 1_000.0),
        Some(value) if value < 120.0 => format!("{value:.0} s"),
        Some(value) if value < 7_200.0 => format!("{:.0} min", value / 60.0),
        Some(value) => format!("{:.1} h", value / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_screen_does_without_columns_and_cuts_no_figure() {
        let cells = |words: [&str; 3]| (words.map(str::to_owned).to_vec(), Alarm::None);
        let grid = Grid {
            name: "",
            heading: &["route", "window", "last trouble"],
            spare: &["last trouble", "window"],
            lines: vec![cells(["operator", "1000/1000", "link lost"])],
        };
        let fits = |room| fitting(&grid, &widths(&grid), room);
        assert_eq!((fits(33), fits(32)), (vec![0, 1, 2], vec![0, 1]));
        assert_eq!((fits(19), fits(18), fits(1)), (vec![0, 1], vec![0], vec![0]));
    }

    #[test]
    fn figures_are_short() {
        assert_eq!([rate(0.0), rate(0.25), rate(1234.5)], ["0", "0.2", "1234"]);
        let shown =
            [None, Some(0.012), Some(3.4), Some(600.0), Some(10_800.0), Some(f64::INFINITY)].map(seconds);
        assert_eq!(shown, ["-", "12 ms", "3 s", "10 min", "3.0 h", "over 1 h"]);
    }
}
