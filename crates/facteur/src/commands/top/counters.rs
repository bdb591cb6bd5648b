//! The text of `/metrics`, read as far as it is needed here.

/// One line of it.
#[derive(Debug, PartialEq)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

/// The figures at one moment.
#[derive(Debug, Default)]
pub(super) struct Counters(Vec<Sample>);

impl Counters {
    /// Reads what it can; a line that is none is passed over.
    pub(super) fn read(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect())
    }

    /// The sum of all figures of this name that have all these labels.
    pub(super) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &&Sample| {
            let labelled =
                |(name, value): &(&str, &str)| sample.labels.iter().any(|(n, v)| n == name && v == value);
            sample.name == name && labels.iter().all(labelled)
        };
        self.0.iter().filter(has).map(|sample| sample.value).sum()
    }

    /// The upper bound of the bucket within which this share of what a histogram saw since `before` lies, in
    /// seconds; `None` when it saw nothing.
    pub(super) fn quantile(
        &self,
        before: &Self,
        name: &str,
        labels: &[(&str, &str)],
        share: f64,
    ) -> Option<f64> {
        let bucket = format!("{name}_bucket");
        let mut bounds: Vec<(f64, &str)> = self
            .0
            .iter()
            .filter(|sample| sample.name == bucket)
            .filter_map(|sample| sample.labels.iter().find(|(name, _)| name == "le"))
            .filter_map(|(_, bound)| {
                Some((if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? }, bound.as_str()))
            })
            .collect();
        bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        bounds.dedup_by(|a, b| a.1 == b.1);
        let seen = |bound: &str| {
            let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("le", bound)]).collect();
            self.sum(&bucket, &labels) - before.sum(&bucket, &labels)
        };
        let all = seen("+Inf");
        if all <= 0.0 {
            return None;
        }
        bounds.into_iter().find(|(_, bound)| seen(bound) >= all * share).map(|(bound, _)| bound)
    }
}

/// `name{label="value",...} value`, as the gateway writes it: values without escapes.
fn sample(line: &str) -> Option<Sample> {
    let (key, value) = line.rsplit_once(' ')?;
    let (name, labels) =
        key.split_once('{').map_or((key, ""), |(name, rest)| (name, rest.trim_end_matches('}')));
    let label = |text: &str| {
        let (name, value) = text.split_once("=\"")?;
        Some((name.trim_start_matches(',').to_owned(), value.to_owned()))
    };
    let labels = labels.split_terminator('"').collect::<Vec<_>>();
    let labels = labels.chunks(2).filter_map(|pair| label(&pair.join("\""))).collect();
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP a Things.\n# TYPE a counter\na_total{class=\"otp\",state=\"delivered\"} 5\n\
        a_total{class=\"alert\",state=\"delivered\"} 2\na_total 1\nb 0.5\n\
        w_bucket{le=\"0.1\",class=\"otp\"} 90\nw_bucket{le=\"1.0\",class=\"otp\"} 99\n\
        w_bucket{le=\"+Inf\",class=\"otp\"} 100\nnonsense\n# EOF\n";

    #[test]
    fn figures_are_read_by_name_and_labels() {
        let counters = Counters::read(TEXT);
        assert!((counters.sum("a_total", &[("state", "delivered")]) - 7.0).abs() < 1e-9);
        assert!((counters.sum("a_total", &[("class", "otp")]) - 5.0).abs() < 1e-9);
        assert!((counters.sum("a_total", &[]) - 8.0).abs() < 1e-9);
        assert!((counters.sum("b", &[]) - 0.5).abs() < 1e-9);
        assert!(counters.sum("nothing", &[]).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_of_what_came_between() {
        let (before, after) = (Counters::default(), Counters::read(TEXT));
        let at = |share| after.quantile(&before, "w", &[("class", "otp")], share);
        assert_eq!((at(0.5), at(0.99), at(1.0)), (Some(0.1), Some(1.0), Some(f64::INFINITY)));
        assert_eq!(after.quantile(&after, "w", &[], 0.5), None, "nothing between now and now");
    }
}
