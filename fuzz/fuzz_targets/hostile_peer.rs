//! A hostile peer whose every stroke a fuzzer chooses, over the region and with the
//! judgements of `tests/shared_memory`: no panic, no look outside of the region, no call
//! without end, no frame that is too large.
//!
//! With `PIPEFIT_FUZZ_CONTROL` set, the victim is one without care, and must be caught.

#![no_main]

#[path = "../../tests/shared_memory/memory.rs"]
mod memory;
#[expect(dead_code, reason = "seeds are for the tests")]
#[path = "../../tests/shared_memory/peer.rs"]
mod peer;

use std::sync::LazyLock;

use peer::{Dice, Layout, Make, between, trusting, victim};

static VICTIM: LazyLock<Make> = LazyLock::new(|| match std::env::var_os("PIPEFIT_FUZZ_CONTROL") {
    Some(_) => trusting,
    None => victim,
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut dice = Dice::Given(bytes);
    let layout = Layout::any(&mut dice);
    between(&layout, &mut dice, *VICTIM);
});
