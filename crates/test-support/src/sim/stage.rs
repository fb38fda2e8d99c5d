//! How acts are performed.

use super::{acts::Act, driver::Sim};
use gofer_core::id::AttemptId;
use std::time::Duration;

impl Sim {
    pub(super) fn perform(&mut self, act: Act) -> Result<(), String> {
        let now = self.world.elapsed();
        self.world.note(|| format!("act {act:?}"));
        match act {
            Act::Cancel(before) => self.cancel(before),
            Act::Remove | Act::Kill(_) | Act::Pause => self.meddle(&act),
            Act::Unpause(victim) => self.machine.pause_outside(&victim, false),
            Act::Prune => {
                if self.machine.prune_outside() > 0 {
                    self.world.fault("pruned_outside");
                } else {
                    self.again(Act::Prune);
                }
            }
            Act::Restart(restart) => {
                let kind = if restart.live_restore {
                    "away_restored"
                } else {
                    "away_no_restore"
                };
                self.world.fault(kind);
                self.machine.restart(restart);
            }
            Act::Clock(seconds) => {
                self.world.fault(if seconds < 0 {
                    "clock_back"
                } else {
                    "clock_forth"
                });
                self.world.step_clock(seconds);
            }
            Act::Suspend { wait, dead } => self.suspend(wait, dead),
            Act::Wake(slot) => {
                if let Some(process) = self.process(slot) {
                    process.is_suspended = false;
                }
            }
            Act::Drain => {
                let awake = self.awake();
                if let Some(slot) = self.dice.pick(&awake).copied() {
                    self.world.fault("drained");
                    if let Some(process) = self.process(slot) {
                        process.drain();
                    }
                }
            }
            Act::Start(slot) => self.start(slot)?,
            Act::Quiet => {
                self.world.quiet();
                for act in self.acts.quiet() {
                    self.acts.add(now, act);
                }
            }
        }
        Ok(())
    }

    /// There was nothing to do it to: a little later, perhaps.
    fn again(&mut self, act: Act) {
        if !self.world.is_quiet() && self.dice.below(20) > 0 {
            self.acts
                .add(self.world.elapsed() + Duration::from_millis(300), act);
        }
    }

    fn cancel(&mut self, before: u32) {
        let open: Vec<_> = self
            .look
            .rows()
            .into_iter()
            .filter(|row| !row.head.state.is_over())
            .collect();
        let row = self.dice.pick(&open).cloned();
        let mut awake = self.awake();
        if awake.len() > 1 && !self.dice.one_in(30) {
            // Rather somebody who does not drive it.
            let owner = row
                .as_ref()
                .and_then(|row| row.claim)
                .map(|claim| claim.owner);
            awake.retain(|slot| self.process(*slot).map(|it| it.instance) != owner);
        }
        let (Some(row), Some(slot)) = (row, self.dice.pick(&awake).copied()) else {
            return self.again(Act::Cancel(before));
        };
        self.world.fault(match before {
            0 => "cancel",
            1 => "cancel_again",
            _ => "cancel_third",
        });
        if let Some(process) = self.process(slot) {
            let engine = process.engine.clone();
            process.also(Box::pin(async move {
                // A run that is over by now, or a store that is busy, says so.
                let _ = engine.cancel(row.id, "somebody").await;
            }));
        }
        if before < 2 && !self.dice.one_in(6) {
            let wait = Duration::from_millis(self.dice.below(3_000));
            self.acts
                .add(self.world.elapsed() + wait, Act::Cancel(before + 1));
        }
    }

    fn meddle(&mut self, act: &Act) {
        let rows = self.look.rows();
        let running: Vec<AttemptId> = rows
            .iter()
            .flat_map(|row| self.machine.running(row.id))
            .collect();
        let Some(victim) = self.dice.pick(&running).cloned() else {
            return self.again(act.clone());
        };
        match act {
            Act::Remove => {
                self.world.fault("removed_outside");
                self.machine.remove_outside(&victim);
            }
            Act::Kill(code) => {
                self.world.fault("killed_outside");
                self.machine.kill_outside(&victim, *code);
            }
            _ => {
                self.world.fault("paused_outside");
                self.machine.pause_outside(&victim, true);
                let wait = Duration::from_secs(1 + self.dice.below(10));
                self.acts
                    .add(self.world.elapsed() + wait, Act::Unpause(victim));
            }
        }
    }

    fn suspend(&mut self, wait: Duration, dead: bool) {
        let awake = self.awake();
        let Some(slot) = self.dice.pick(&awake).copied() else {
            return self.again(Act::Suspend { wait, dead });
        };
        let Some(instance) = self.process(slot).map(|process| process.instance) else {
            return;
        };
        if dead && self.world.may_start_something(instance) {
            return self.again(Act::Suspend { wait, dead });
        }
        if let Some(process) = self.process(slot) {
            process.is_suspended = true;
        }
        self.world
            .fault(if dead { "declared_dead" } else { "suspended" });
        if dead {
            self.declare_dead(instance);
        }
        self.acts.add(self.world.elapsed() + wait, Act::Wake(slot));
    }
}
