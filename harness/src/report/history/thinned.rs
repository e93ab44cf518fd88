//! Fewer points, and a line that looks the same.

/// At most `most` of the points, in their order: of each of equal parts the first, the last,
/// the lowest and the highest (as in M4; Jugel et al., VLDB 2014). What stands out stays.
#[must_use]
pub(in crate::report) fn thin(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most {
        return points.to_vec();
    }
    let each = points.len().div_ceil((most / 4).max(1));
    let mut kept = Vec::with_capacity(most);
    for part in points.chunks(each) {
        let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let ends = [part.first(), part.last()];
        let extremes = [part.iter().min_by(by_height), part.iter().max_by(by_height)];
        let mut these: Vec<(f64, f64)> =
            ends.into_iter().chain(extremes).flatten().copied().collect();
        these.sort_by(|a, b| a.0.total_cmp(&b.0));
        these.dedup();
        kept.extend(these);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_out_stays() {
        let mut points: Vec<(f64, f64)> = (0..1_000).map(|i| (f64::from(i), 1.0)).collect();
        points[517].1 = 9.0;
        points[801].1 = 0.1;
        let few = thin(&points, 200);
        assert!(few.len() <= 200, "{}", few.len());
        assert!(few.contains(&(517.0, 9.0)) && few.contains(&(801.0, 0.1)));
        assert_eq!((few.first(), few.last()), (points.first(), points.last()));
        assert!(few.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order, and each once");
    }

    #[test]
    fn few_points_are_all_kept() {
        let points = [(0.0, 1.0), (1.0, 2.0)];
        assert_eq!(thin(&points, 200), points);
        assert!(thin(&[], 200).is_empty());
        assert!(thin(&[(0.0, 1.0); 9], 0).len() <= 4, "of at least one part");
    }
}
