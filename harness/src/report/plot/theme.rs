//! The colours of plots: drawn as stand-ins, replaced by CSS variables.
//!
//! The drawing library writes colours into attributes and nothing else. So a colour says
//! which series a mark belongs to, and comes out as that series' name for the script and
//! its variable for the style.

use std::fmt::Write as _;

use plotters::style::RGBColor;

/// The hues of curves, on a light page and on a dark one. Neighbours are far apart
/// for every kind of colour vision, and each stands out from the page behind it.
pub const HUES: [(&str, &str); 8] = [
    ("#2a78d6", "#3987e5"),
    ("#eb6834", "#d95926"),
    ("#178f64", "#199e70"),
    ("#b77a00", "#c98500"),
    ("#d0568a", "#d55181"),
    ("#008300", "#39a845"),
    ("#4a3aa7", "#9085e9"),
    ("#e34948", "#e66767"),
];

/// So many curves of one hue can be told apart.
pub(super) const LOOKS: usize = 4;

/// Dashes, in fours: for the curves of a hue, then for those of the next one of its colour.
const DASHES: [&str; 3 * LOOKS] = [
    "",
    "7 3",
    "2 3",
    "9 3 2 3",
    "14 4",
    "4 2",
    "1 3",
    "12 3 2 3 2 3",
    "5 6",
    "18 3",
    "7 2 2 2 2 2",
    "3 7",
];

/// What a colour is for, other than a curve: its variable, by the last part of its
/// stand-in.
const ROLES: [&str; 7] = ["--ink", "--muted", "--grid", "--bad", "--good", "--warn", "--rule"];

/// The first part of a stand-in for a role.
const ROLE: u8 = 2;
/// The first part of a stand-in for a series; the sixteen from there on are its variants.
const SERIES: u8 = 16;
pub(super) const VARIANTS: usize = 16;

/// Titles and names.
pub(super) const INK: RGBColor = RGBColor(ROLE, 0, 0);
/// Labels of axes.
pub(super) const MUTED: RGBColor = RGBColor(ROLE, 0, 1);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(ROLE, 0, 2);
/// What failed, froze or was lost.
pub(super) const BAD: RGBColor = RGBColor(ROLE, 0, 3);
/// What passed.
pub(super) const GOOD: RGBColor = RGBColor(ROLE, 0, 4);
/// What is in doubt.
pub(super) const WARN: RGBColor = RGBColor(ROLE, 0, 5);
/// What lies behind marks.
pub(super) const RULE: RGBColor = RGBColor(ROLE, 0, 6);

/// The stand-in of a series.
pub(super) fn curve(hue: usize, variant: usize) -> RGBColor {
    let variant = variant.min(VARIANTS - 1);
    #[expect(clippy::cast_possible_truncation, reason = "parts of a number below 65,536")]
    let (high, low) = ((hue.min(0xFFFF) >> 8) as u8, (hue.min(0xFFFF) & 0xFF) as u8);
    #[expect(clippy::cast_possible_truncation, reason = "below 16")]
    RGBColor(SERIES + variant as u8, high, low)
}

/// The dashes of a series. After as many hues as there are, dashes tell apart what
/// shares one; so do they for variants of one transport. Three times as many hues as there
/// are, in [`LOOKS`] variants, all look different.
pub(super) const fn dashes(hue: usize, variant: usize) -> &'static str {
    DASHES[(LOOKS * (hue / HUES.len()) + variant) % DASHES.len()]
}

/// The variable of a series' colour, with its fallback.
pub(super) fn paint(hue: usize) -> String {
    format!("var(--c{})", hue % HUES.len())
}

/// Leaves out what the style says anyway, and what changes nothing.
pub(super) fn lean(svg: &str) -> String {
    let mut out = svg.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    // The library writes pixels as fractions of its own.
    out = out.replace(" font-size=\"12.096774193548388\"", "");
    out = out.replace(" font-size=\"11.290322580645162\"", " font-size=\"11.3\"");
    for usual in [" stroke-width=\"1\"", " text-anchor=\"start\"", " stroke=\"none\""] {
        out = out.replace(usual, "");
    }
    // Texts are on lines of their own, and hold no line ends.
    out.replace(">\n", ">").replace("\n<", "<").replace(" \"/>", "\"/>")
}

/// Replaces stand-ins in attributes by variables. A text that looks like a stand-in
/// stays as it is: its quotes are escaped, so that it never matches an attribute.
pub(super) fn apply(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len() * 5 / 4);
    let mut rest = svg;
    while let Some(at) = rest.find("=\"#") {
        let name = rest[..at].rfind(|c: char| !c.is_ascii_lowercase()).map_or(0, |i| i + 1);
        let attribute = &rest[name..at];
        let value = rest.get(at + 3..at + 9).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let is_closed = rest.as_bytes().get(at + 9) == Some(&b'"');
        let themed = value
            .filter(|_| is_closed && matches!(attribute, "stroke" | "fill"))
            .and_then(|value| themed(attribute, value));
        if let Some(themed) = themed {
            out += &rest[..name];
            out += &themed;
            rest = &rest[at + 10..];
        } else {
            out += &rest[..at + 3];
            rest = &rest[at + 3..];
        }
    }
    out + rest
}

/// Without dashes: where a series has a place and a name of its own, they would only tear
/// its shape. Texts have no quotes that are not escaped, so they stay as they are.
pub(super) fn solid(svg: &str) -> String {
    let mut parts = svg.split(" stroke-dasharray=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('"').map_or("", |(_, rest)| rest))
}

fn themed(attribute: &str, value: u32) -> Option<String> {
    let [_, kind, high, low] = value.to_be_bytes();
    if kind == ROLE && high == 0 {
        let variable = ROLES.get(usize::from(low))?;
        return Some(format!("{attribute}=\"var({variable})\""));
    }
    let variant = usize::from(kind.checked_sub(SERIES)?);
    if variant >= VARIANTS {
        return None;
    }
    let hue = usize::from(high) << 8 | usize::from(low);
    let mut text =
        format!("data-hue=\"{hue}\" data-variant=\"{variant}\" {attribute}=\"{}\"", paint(hue));
    let dashes = dashes(hue, variant);
    if attribute == "stroke" && !dashes.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(text, " stroke-dasharray=\"{dashes}\"");
    }
    Some(text)
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
    use std::collections::BTreeSet;

    use super::*;

    fn stand_in(color: RGBColor) -> String {
        format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)
    }

    #[test]
    fn what_is_solid_has_no_dashes_and_all_else() {
        let svg = "<a stroke-dasharray=\"5 2\" x=\"1\"/><b/><c stroke-dasharray=\"1\"/>";
        assert_eq!(solid(svg), "<a x=\"1\"/><b/><c/>");
        assert_eq!(solid("<a/>"), "<a/>");
    }

    #[test]
    fn every_stand_in_is_replaced_and_no_text_is() {
        let color = stand_in(curve(9, 0));
        let svg = format!("<line stroke=\"{color}\"/><text fill=\"#020000\">{color}</text>");
        assert_eq!(
            apply(&svg),
            format!(
                "<line data-hue=\"9\" data-variant=\"0\" stroke=\"var(--c1)\" \
                 stroke-dasharray=\"14 4\"/><text fill=\"var(--ink)\">{color}</text>"
            )
        );
    }

    #[test]
    fn what_is_no_stand_in_stays() {
        for svg in [
            "<rect fill=\"#FFFFFF\"/>",
            "<a href=\"#020000\"/>",
            "<rect fill=\"#0200\"/>",
            "=\"#",
            "<rect fill=\"#0200é\"/>",
        ] {
            assert_eq!(apply(svg), svg);
        }
    }

    #[test]
    fn no_two_transports_or_variants_look_the_same() {
        let all = (0..3 * HUES.len()).flat_map(|hue| (0..LOOKS).map(move |v| (hue, v)));
        let looks: BTreeSet<_> = all.map(|(hue, v)| (paint(hue), dashes(hue, v))).collect();
        assert_eq!(looks.len(), 3 * HUES.len() * LOOKS);
    }

    /// The luminance of a colour, and the contrast of two, by WCAG 2.2.
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |color: &str| -> f64 {
            let part = |at: usize| {
                let byte = u8::from_str_radix(&color[at..at + 2], 16).unwrap();
                let part = f64::from(byte) / 255.0;
                if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_hue_stands_out_from_the_page_behind_it() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9, "the control");
        let style = include_str!("../page.css");
        let behind: Vec<&str> = style
            .split("--page:")
            .skip(1)
            .filter_map(|rest| rest.trim_start().get(..7).filter(|color| color.starts_with('#')))
            .collect();
        let [light, dark] = behind[..] else { panic!("one page colour each: {behind:?}") };
        for (on_light, on_dark) in HUES {
            let (a, b) = (contrast(on_light, light), contrast(on_dark, dark));
            assert!(a >= 3.0 && b >= 3.0, "{on_light} {a:.2}, {on_dark} {b:.2}");
        }
    }

    #[test]
    fn many_series_keep_their_names() {
        for (hue, variant) in [(0, 0), (255, 3), (300, 15)] {
            let svg = apply(&format!("<path stroke=\"{}\"/>", stand_in(curve(hue, variant))));
            assert!(
                svg.contains(&format!("data-hue=\"{hue}\" data-variant=\"{variant}\"")),
                "{svg}"
            );
        }
    }
}
