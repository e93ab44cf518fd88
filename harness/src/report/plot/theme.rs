//! The colours of plots: drawn as stand-ins, replaced by CSS variables.

use std::fmt::Write as _;

use plotters::style::RGBColor;

/// The hues of curves, on a light page and on a dark one. Neighbours are far apart
/// for every kind of colour vision, and each stands out from the page behind it.
pub const HUES: [(&str, &str); 8] = [
    ("#2a78d6", "#3987e5"),
    ("#eb6834", "#d95926"),
    ("#1baf7a", "#199e70"),
    ("#eda100", "#c98500"),
    ("#e87ba4", "#d55181"),
    ("#008300", "#39a845"),
    ("#4a3aa7", "#9085e9"),
    ("#e34948", "#e66767"),
];

/// Dashes for the second, third and fourth curve of one hue.
const DASHES: [&str; 4] = ["", "7 3", "2 3", "9 3 2 3"];

/// What a colour is for, other than a curve. Stand-in, variable, fallback.
const ROLES: [(RGBColor, &str, &str); 3] =
    [(INK, "--ink", "#1a1a19"), (MUTED, "--muted", "#5c5b57"), (GRID, "--grid", "#e1e0da")];

/// Titles and names.
pub(super) const INK: RGBColor = RGBColor(2, 0, 0);
/// Labels of axes.
pub(super) const MUTED: RGBColor = RGBColor(2, 0, 1);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(2, 0, 2);

/// The stand-in of a curve. After as many hues as there are, dashes tell apart what
/// shares one; so do they for variants of one transport.
pub(super) fn curve(hue: usize, variant: usize) -> RGBColor {
    let dash = (hue / HUES.len() + variant) % DASHES.len();
    #[expect(clippy::cast_possible_truncation, reason = "both are remainders below 8")]
    RGBColor(1, dash as u8, (hue % HUES.len()) as u8)
}

fn stand_in(color: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)
}

/// Replaces stand-ins in attributes by variables. A text that looks like a stand-in
/// stays as it is: its quotes are escaped, so that it never matches an attribute.
pub(super) fn apply(svg: &str) -> String {
    let mut svg = svg.to_owned();
    for attribute in ["stroke", "fill"] {
        for (color, variable, fallback) in ROLES {
            svg = svg.replace(
                &format!("{attribute}=\"{}\"", stand_in(color)),
                &format!("{attribute}=\"var({variable},{fallback})\""),
            );
        }
        for (hue, (light, _)) in HUES.iter().enumerate() {
            for (dash, pattern) in DASHES.iter().enumerate() {
                let color = stand_in(curve(hue, dash));
                let dashes = match (attribute, *pattern) {
                    ("fill", _) | (_, "") => String::new(),
                    (_, pattern) => format!(" stroke-dasharray=\"{pattern}\""),
                };
                svg = svg.replace(
                    &format!("{attribute}=\"{color}\""),
                    &format!("{attribute}=\"var(--c{hue},{light})\"{dashes}"),
                );
            }
        }
    }
    svg
}

/// The variables of the curves as CSS declarations, for a light or a dark page.
#[must_use]
pub fn custom_properties(dark: bool) -> String {
    let mut css = String::new();
    for (i, (light, on_dark)) in HUES.iter().enumerate() {
        let _ = write!(css, "--c{i}:{};", if dark { on_dark } else { light });
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stand_in_is_replaced_and_no_text_is() {
        let color = stand_in(curve(9, 0));
        let svg = format!("<line stroke=\"{color}\"/><text fill=\"#020000\">{color}</text>");
        let themed = apply(&svg);
        assert!(
            themed.contains("stroke=\"var(--c1,#eb6834)\" stroke-dasharray=\"7 3\""),
            "{themed}"
        );
        assert!(themed.contains("fill=\"var(--ink,"), "{themed}");
        assert!(themed.contains(&format!(">{color}<")), "{themed}");
    }
}
