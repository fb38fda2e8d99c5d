//! Plans that were looked at lately. A version never changes, so neither does its plan.

use gofer_core::{
    name::{NamespaceName, PipelineName},
    plan::Plan,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A version of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Of {
    pub(crate) namespace: NamespaceName,
    pub(crate) pipeline: PipelineName,
    pub(crate) version: u32,
}

/// The newest last.
#[derive(Default)]
pub(crate) struct Plans(Mutex<VecDeque<(Of, Arc<Plan>)>>);

impl Plans {
    /// A plan may be as large as its file, which is 1 MiB at most.
    const MOST: usize = 32;

    pub(crate) fn find(&self, of: &Of) -> Option<Arc<Plan>> {
        let plans = self.locked();
        let (_, plan) = plans.iter().find(|(known, _)| known == of)?;
        Some(Arc::clone(plan))
    }

    pub(crate) fn keep(&self, of: Of, plan: Arc<Plan>) {
        let mut plans = self.locked();
        plans.retain(|(known, _)| *known != of);
        if plans.len() >= Self::MOST {
            plans.pop_front();
        }
        plans.push_back((of, plan));
    }

    fn locked(&self) -> MutexGuard<'_, VecDeque<(Of, Arc<Plan>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: u32) -> Of {
        Of {
            namespace: "default".parse().unwrap(),
            pipeline: "p".parse().unwrap(),
            version,
        }
    }

    fn plan() -> Arc<Plan> {
        let pipeline = serde_json::json!({ "name": "p", "tasks": { "t": { "image": "i" } } });
        Arc::new(crate::checks::plan(serde_json::from_value(pipeline).unwrap()).unwrap())
    }

    #[test]
    fn each_version_has_its_own_plan_and_the_oldest_go() {
        let plans = Plans::default();
        let made: Vec<_> = (0..=Plans::MOST).map(|_| plan()).collect();
        for (version, plan) in (1..).zip(&made) {
            plans.keep(of(version), Arc::clone(plan));
        }
        assert!(plans.find(&of(1)).is_none());
        for (version, plan) in (1..).zip(&made).skip(1) {
            assert!(
                Arc::ptr_eq(&plans.find(&of(version)).unwrap(), plan),
                "{version}"
            );
        }
    }

    #[test]
    fn one_that_is_kept_again_takes_no_second_place() {
        let plans = Plans::default();
        for _ in 0..20 {
            plans.keep(of(1), plan());
        }
        assert_eq!(plans.locked().len(), 1);
    }
}
