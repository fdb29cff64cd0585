//! What is learned from the training rows about the scale of columns and the names of classes, to be stored with the
//! weights and used again on other rows.
//!
//! Reads columns of numbers and texts. Must not know files or expressions.

use super::error::DataError;
use std::collections::BTreeMap;

/// Fitted statistics by key: `data.x.0` is the first of port `x`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    entries: BTreeMap<String, Statistic>,
}

/// One fitted statistic.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statistic {
    /// Mean and standard deviation (divisor N) of each element; 0 for an element that is constant.
    Standardize(Vec<f64>, Vec<f64>),
    /// Smallest and largest value of each element.
    MinMax(Vec<f64>, Vec<f64>),
    /// Mean of each element over the rows that have it.
    Mean(Vec<f64>),
    /// The texts of the labels 0, 1, 2, …
    Category(Vec<String>),
}

const PREFIX: &str = "data.";

impl Statistics {
    /// The key of the `number`-th statistic of a port.
    pub(super) fn key(port: &str, number: usize) -> String {
        format!("{PREFIX}{port}.{number}")
    }

    pub(super) fn insert(&mut self, key: String, statistic: Statistic) {
        self.entries.insert(key, statistic);
    }

    pub(super) fn get(&self, key: &str) -> Option<&Statistic> {
        self.entries.get(key)
    }

    /// The texts of the labels 0, 1, 2, … of a port filled by `category(…)`.
    pub fn categories(&self, port: &str) -> Option<&[String]> {
        match self.get(&Statistics::key(port, 0)) {
            Some(Statistic::Category(names)) => Some(names),
            _ => None,
        }
    }

    /// True if nothing was fitted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All statistics as texts, by keys that begin with `data.`. Numbers are written so that they read back to the
    /// same bits.
    pub fn to_strings(&self) -> BTreeMap<String, String> {
        let numbers = |numbers: &[f64]| numbers.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(" ");
        let text = |statistic: &Statistic| match statistic {
            Statistic::Standardize(mean, std) => format!("standardize; {}; {}", numbers(mean), numbers(std)),
            Statistic::MinMax(low, high) => format!("minmax; {}; {}", numbers(low), numbers(high)),
            Statistic::Mean(mean) => format!("mean; {}", numbers(mean)),
            Statistic::Category(names) => format!("category; {}", serde_json::json!(names)),
        };
        self.entries.iter().map(|(key, statistic)| (key.clone(), text(statistic))).collect()
    }

    /// Reads back what [`Statistics::to_strings`] wrote. Keys that do not begin with `data.` belong to others and are
    /// passed over.
    ///
    /// # Errors
    /// [`DataError::Statistics`] if a text is not one that [`Statistics::to_strings`] writes.
    pub fn from_strings<'a>(strings: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Statistics, DataError> {
        let mut statistics = Statistics::default();
        for (key, text) in strings.into_iter().filter(|(key, _)| key.starts_with(PREFIX)) {
            let problem = || DataError::Statistics { key: key.to_string(), problem: "cannot be read".into() };
            statistics.insert(key.to_string(), parse(text).ok_or_else(problem)?);
        }
        Ok(statistics)
    }
}

fn parse(text: &str) -> Option<Statistic> {
    let numbers = |text: &str| {
        let numbers: Option<Vec<f64>> = text.split_whitespace().map(|n| n.parse().ok()).collect();
        numbers.filter(|numbers| !numbers.is_empty() && numbers.iter().all(|n| n.is_finite()))
    };
    let pair = |rest: &str| {
        let (a, b) = rest.split_once(';')?;
        Some((numbers(a)?, numbers(b)?)).filter(|(a, b)| a.len() == b.len())
    };
    let (kind, rest) = text.split_once(';')?;
    match kind {
        "standardize" => pair(rest).map(|(mean, std)| Statistic::Standardize(mean, std)),
        "minmax" => pair(rest).map(|(low, high)| Statistic::MinMax(low, high)),
        "mean" => numbers(rest).map(Statistic::Mean),
        "category" => serde_json::from_str(rest).ok().map(Statistic::Category),
        _ => None,
    }
}

/// Mean and standard deviation of the values, in two passes; exactly 0 if all are equal.
pub(super) fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let first = values.clone().next().unwrap_or(0.0);
    if values.clone().all(|value| value == first) {
        return (first, 0.0);
    }
    let mean = values.clone().sum::<f64>() / count;
    (mean, (values.map(|value| (value - mean) * (value - mean)).sum::<f64>() / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back_to_the_same_bits() {
        let mut statistics = Statistics::default();
        let odd = vec![0.1 + 0.2, -1e-300, 1e300, f64::MIN_POSITIVE];
        statistics.insert(Statistics::key("x", 0), Statistic::Standardize(odd.clone(), odd.clone()));
        statistics.insert(Statistics::key("x", 1), Statistic::MinMax(vec![-0.0], vec![1.0]));
        statistics.insert(Statistics::key("x", 2), Statistic::Mean(odd));
        let names = ["a;b", "\"q\"", "", "ä\n", "1"].map(String::from).to_vec();
        statistics.insert(Statistics::key("y", 0), Statistic::Category(names.clone()));
        let strings = statistics.to_strings();
        let mut pairs: Vec<(&str, &str)> = strings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        pairs.push(("version", "1"));
        assert_eq!(Statistics::from_strings(pairs).unwrap(), statistics);
        assert_eq!(statistics.categories("y"), Some(names.as_slice()));
        assert_eq!(statistics.categories("x"), None);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "mean", "mean; a", "mean; inf", "mean;", "standardize; 1 2; 3", "category; [1]", "other; 1"] {
            let problem = Statistics::from_strings([("data.x.0", text)]).unwrap_err();
            assert!(matches!(problem, DataError::Statistics { .. }), "{text}");
        }
    }

    #[test]
    fn deviation_is_that_of_the_population() {
        // By hand: mean 5, squared distances 9 1 1 1 0 0 4 16, sum 32, / 8 = 4.
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean_and_deviation(values.into_iter()), (5.0, 2.0));
        // The mean of ten times 0.1 is not 0.1 in doubles, but a constant has no deviation.
        assert_eq!(mean_and_deviation([0.1; 10].into_iter()), (0.1, 0.0));
    }
}
