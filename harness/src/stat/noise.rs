//! How much values scatter where nothing differs.

use super::resample::median;

/// The scatter of values that ought to be the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// The standard deviation, as it would be of a normal distribution with this median
    /// distance from the median (Hampel, JASA 69, 1974): a few wild values do not count.
    pub sd: f64,
    /// How much a value says of the next one: 0 where they are independent. The first
    /// coefficient of autocorrelation.
    pub next: f64,
    /// Values.
    pub n: usize,
}

/// From the median distance to the standard deviation of a normal distribution:
/// 1 / Φ⁻¹(3/4).
const NORMAL: f64 = 1.482_602_218_505_602;

impl Noise {
    /// The scatter of `values`, in their order in time; `None` for fewer than three.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.len() < 3 {
            return None;
        }
        let middle = median(values)?;
        let distances: Vec<f64> = values.iter().map(|x| (x - middle).abs()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let steps: f64 = values.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum();
        let next = if squares > 0.0 { steps / squares } else { 0.0 };
        Some(Self { sd: NORMAL * median(&distances)?, next, n: values.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 23] = [
        -0.031, 0.012, 0.044, -0.007, 0.150, 0.021, -0.012, 0.033, 0.008, 0.017, -0.290, 0.026,
        0.019, 0.003, 0.041, 0.011, -0.005, 0.029, 0.036, 0.015, 0.022, 0.009, 0.5,
    ];

    /// scipy 1.17, `stats.median_abs_deviation(x, scale="normal")`; numpy for the other.
    #[test]
    fn scatter_is_robust_and_dependence_shows() {
        let noise = Noise::of(&VALUES).unwrap();
        assert!((noise.sd - 0.020_756_431_059_078_432).abs() < 1e-12, "{noise:?}");
        assert!((noise.next + 0.026_312_711_706_405_41).abs() < 1e-12, "{noise:?}");
        let drifting: Vec<f64> = (0..50).map(f64::from).collect();
        assert!(Noise::of(&drifting).unwrap().next > 0.9);
        assert_eq!(Noise::of(&[1.0, 2.0]), None);
    }
}
