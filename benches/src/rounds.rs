//! Sides that take turns: forward in one round, backward in the next, so that a machine that
//! slows down slows all of them.

use anyhow::{Context, Result};

/// One of the things compared, and how it is done once.
pub(crate) struct Side<'a> {
    pub(crate) name: &'static str,
    pub(crate) once: Box<dyn FnMut() -> Result<Figures> + 'a>,
}

/// What one turn of a side yields: wall times, and the CPU seconds that were its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) wall: Vec<f64>,
    pub(crate) cpu: f64,
}

impl Figures {
    pub(crate) fn one(wall: f64, cpu: f64) -> Self {
        Self {
            wall: vec![wall],
            cpu,
        }
    }
}

/// Everything that a side yielded, in the order of the rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub(crate) wall: Vec<f64>,
    pub(crate) cpu: Vec<f64>,
}

/// Plays the rounds; the answer has the sides in the order in which they were given.
pub(crate) fn play(title: &str, rounds: usize, sides: &mut [Side<'_>]) -> Result<Vec<Series>> {
    let mut series = vec![Series::default(); sides.len()];
    for round in 0..=rounds {
        let order: Vec<usize> = match round % 2 {
            0 => (0..sides.len()).collect(),
            _ => (0..sides.len()).rev().collect(),
        };
        for index in order {
            let (Some(side), Some(kept)) = (sides.get_mut(index), series.get_mut(index)) else {
                continue;
            };
            let figures = (side.once)().with_context(|| format!("{title}: {}", side.name))?;
            // The first round warms caches and is thrown away.
            if round > 0 {
                kept.wall.extend(figures.wall);
                kept.cpu.push(figures.cpu);
            }
        }
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn the_sides_take_turns_there_and_back_and_the_first_round_does_not_count() {
        let turns = RefCell::new(String::new());
        let side = |name: &'static str, wall: f64| Side {
            name,
            once: Box::new({
                let turns = &turns;
                move || {
                    turns.borrow_mut().push_str(name);
                    Ok(Figures::one(wall, 0.0))
                }
            }),
        };
        let series = play("test", 2, &mut [side("a", 1.0), side("b", 2.0)]).unwrap();
        assert_eq!(*turns.borrow(), "abbaab");
        assert_eq!(series.len(), 2);
        assert_eq!(series[1].wall, [2.0, 2.0]);
    }
}
