//! What the words on a page mean.

use maud::{Markup, html};

/// A list of them.
pub(super) fn words() -> Markup {
    html! {
        h2 id="words" { "What the words mean" }
        dl.foot {
            dt { "✗ invalid" }
            dd { "It was measured, and its figures may not be used: its rate was missed, its ledger does not balance, or something broke. The reason stands below the row. It is never the best of anything." }
            dt { "– n/a" }
            dd { "It cannot be measured: the transport does not offer what the cell asks for. Nothing was changed to make it fit." }
            dt { "n too small" }
            dd { "A percentile needs 10/(1−q) samples: 1,000 for the 99th, 10,000 for the 99.9th. For age, which is a share of time, 100 ms must lie above it." }
            dt { "—" }
            dd { "The scenario has no such metric." }
            dt { "slip, transit, response, rtt" }
            dd { "How late the sensor itself was; what the transport took; what the reader felt, from when the frame was due; there and back." }
            dt { "age, frame interval, freeze" }
            dd { "How old the newest sample on the screen is, over time; from the end of one drawn frame to the end of the next; an interval over 100 ms." }
            dt { "over the limit" }
            dd { "How many times what this machine could do at best in the same minutes: a cache line there and back, a wake-up by a pipe, 64 KiB blocks from core to core. A rate has a share below 1 of it." }
        }
    }
}
