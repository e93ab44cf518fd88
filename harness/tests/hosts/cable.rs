//! Two network namespaces and a cable between them. Dropping it takes them away.

use std::process::{self, Command};
use std::thread;
use std::time::Duration;

use libtest_mimic::Failed;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Cable {
    pub(crate) here: String,
    pub(crate) there: String,
}

/// Addresses at its ends.
pub(crate) const HERE: &str = "10.197.31.1";
const THERE: &str = "10.197.31.2";

fn tool(line: &str) -> Result<(), Failed> {
    let mut words = line.split_whitespace();
    let out = Command::new(words.next().unwrap_or_default()).args(words).output();
    match out {
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => Err(format!("{line}: {}", String::from_utf8_lossy(&out.stderr).trim()).into()),
        Err(error) => Err(format!("{line}: {error}").into()),
    }
}

impl Cable {
    /// Why there can be none, if so.
    pub(crate) fn missing() -> Option<String> {
        Self::lay().err().map(|why| format!("no network namespaces here: {}", text(&why)))
    }

    /// Why none can be slowed down, if so.
    pub(crate) fn missing_netem() -> Option<String> {
        let cable = match Self::lay() {
            Ok(cable) => cable,
            Err(why) => return Some(format!("no network namespaces here: {}", text(&why))),
        };
        let refused = cable.netem("delay 1ms").err()?;
        Some(format!("no qdisc netem in this kernel: {}", text(&refused)))
    }

    /// Why none can lose packets, if so.
    pub(crate) fn missing_loss() -> Option<String> {
        let cable = match Self::lay() {
            Ok(cable) => cable,
            Err(why) => return Some(format!("no network namespaces here: {}", text(&why))),
        };
        let refused = cable.lose(1).err()?;
        Some(format!("no nftables here that drop at random: {}", text(&refused)))
    }

    pub(crate) fn lay() -> Result<Self, Failed> {
        let name = |side| format!("pipefit-{side}-{}", process::id());
        let cable = Self { here: name("a"), there: name("b") };
        let (here, there) = (&cable.here, &cable.there);
        tool(&format!("ip netns add {here}"))?;
        tool(&format!("ip netns add {there}"))?;
        tool(&format!("ip -n {here} link add cable type veth peer name cable netns {there}"))?;
        for (side, address) in [(here, HERE), (there, THERE)] {
            tool(&format!("ip -n {side} addr add {address}/24 dev cable"))?;
            tool(&format!("ip -n {side} link set lo up"))?;
            tool(&format!("ip -n {side} link set cable up"))?;
        }
        Ok(cable)
    }

    /// Slows down or spoils both directions.
    pub(crate) fn netem(&self, how: &str) -> Result<(), Failed> {
        for side in [&self.here, &self.there] {
            tool(&format!("tc -n {side} qdisc replace dev cable root netem {how}"))?;
        }
        Ok(())
    }

    /// Drops so many of a hundred packets that arrive, in both directions.
    pub(crate) fn lose(&self, percent: u32) -> Result<(), Failed> {
        for side in [&self.here, &self.there] {
            let nft = format!("ip netns exec {side} nft add");
            tool(&format!("{nft} table inet lossy"))?;
            let hook = "{ type filter hook input priority 0 ; }";
            tool(&format!("{nft} chain inet lossy arriving {hook}"))?;
            let rule = format!("meta iifname cable numgen random mod 100 < {percent} counter drop");
            tool(&format!("{nft} rule inet lossy arriving {rule}"))?;
        }
        Ok(())
    }

    /// Packets that were dropped so far.
    pub(crate) fn lost(&self) -> Result<u64, Failed> {
        let mut lost = 0;
        for side in [&self.here, &self.there] {
            let list = ["netns", "exec", side, "nft", "list", "chain", "inet", "lossy", "arriving"];
            let out = Command::new("ip").args(list).output()?;
            let said = String::from_utf8_lossy(&out.stdout);
            let count = said.split("counter packets ").nth(1).and_then(|s| s.split(' ').next());
            let count = count.and_then(|n| n.parse::<u64>().ok());
            lost += count.ok_or_else(|| format!("no count of packets: {said}"))?;
        }
        Ok(lost)
    }

    pub(crate) fn cut(&self) -> Result<(), Failed> {
        tool(&format!("ip -n {} link set cable down", self.here))
    }

    pub(crate) fn cut_for(&self, span: Duration) -> Result<(), Failed> {
        self.cut()?;
        thread::sleep(span);
        tool(&format!("ip -n {} link set cable up", self.here))
    }
}

fn text(why: &Failed) -> String {
    why.message().unwrap_or("no reason").to_owned()
}

impl Drop for Cable {
    fn drop(&mut self) {
        for side in [&self.here, &self.there] {
            let _ = tool(&format!("ip netns del {side}"));
        }
    }
}
