//! Any pipeline that the language allows, key by key.

mod container;
mod task;
mod values;

use container::*;
use gofer_core::{Span, definition::*};
use proptest::{
    collection::{btree_map, vec},
    option::of,
    prelude::*,
};
use std::collections::BTreeMap;

use task::*;
use values::*;

fn trigger_kind() -> BoxedStrategy<TriggerKind> {
    let signature = prop_oneof![
        Just(Signature::Standard),
        Just(Signature::HmacSha256),
        Just(Signature::Bearer)
    ];
    let state = prop_oneof![Just(TriggerState::Succeeded), Just(TriggerState::Any)];
    prop_oneof![
        Just(TriggerKind::Cron("@daily".to_owned())),
        span().prop_map(TriggerKind::Every),
        Just(TriggerKind::At("2026-12-24T18:00:00".to_owned())),
        (name(), of(signature), of("[A-Z][a-z]{0,4}")).prop_map(|(secret, signature, header)| {
            TriggerKind::Webhook(Webhook {
                secret,
                signature,
                header,
            })
        }),
        (name(), vec(text(), 0..2), vec(text(), 0..2)).prop_map(|(secret, events, paths)| {
            let (branches, tags) = (vec!["main".to_owned()], vec![]);
            TriggerKind::Github(GithubFilter {
                repository: "me/app".to_owned(),
                secret,
                events,
                branches,
                tags,
                paths,
            })
        }),
        (name(), of(state)).prop_map(|(name, state)| TriggerKind::Pipeline { name, state }),
        (name(), some("[a-z]{1,4}", any_json()))
            .prop_map(|(name, settings)| TriggerKind::Extension { name, settings }),
    ]
    .boxed()
}

fn trigger() -> BoxedStrategy<Trigger> {
    let event = ("[a-z]{1,4}(\\.[a-z0-9]{1,3})?", of(literal()))
        .prop_map(|(path, default)| ParamValue::Reference(Reference::Event { path, default }));
    let params = some(
        name(),
        prop_oneof![event, any_json().prop_map(ParamValue::Literal)],
    );
    let catchup = prop_oneof![
        Just(Catchup::None),
        Just(Catchup::Latest),
        Just(Catchup::All)
    ];
    let skip = of("[a-z]{1,4}\\.ics").prop_map(|calendar| Skip {
        dates: vec!["2026-12-25".to_owned()],
        calendar,
    });
    let times = (of(text()), of(catchup), of(span()), of(span()), of(skip));
    (trigger_kind(), of(text()), params, of(text()), times)
        .prop_map(|(kind, description, params, when, times)| {
            let (timezone, catchup, catchup_window, jitter, skip) = times;
            let is_cron = matches!(kind, TriggerKind::Cron(_));
            let repeats = is_cron || matches!(kind, TriggerKind::Every(_));
            let has_zone = is_cron || matches!(kind, TriggerKind::At(_));
            Trigger {
                kind,
                description,
                params,
                when,
                timezone: timezone.filter(|_| has_zone),
                catchup: catchup.filter(|_| repeats),
                catchup_window: catchup_window.filter(|_| repeats),
                jitter: jitter.filter(|_| repeats),
                skip: skip.filter(|_| repeats),
            }
        })
        .boxed()
}

fn declared() -> BoxedStrategy<Param> {
    let kind = prop_oneof![
        Just(ParamType::String),
        Just(ParamType::Int),
        Just(ParamType::Json),
        Just(ParamType::Datetime)
    ];
    (
        of(kind),
        of(any_json()),
        of(text()),
        vec(text(), 0..2),
        of(any_json()),
        of(any_json()),
        of(text()),
    )
        .prop_map(
            |(kind, default, description, values, min, max, pattern)| Param {
                kind,
                default,
                description,
                values,
                min,
                max,
                pattern,
            },
        )
        .boxed()
}

fn notify() -> BoxedStrategy<Notify> {
    let events = vec(
        prop_oneof![
            Just(NotifyEvent::Failed),
            Just(NotifyEvent::AwaitingApproval)
        ],
        1..3,
    );
    let target = prop_oneof![
        name().prop_map(|secret| (Some(SecretRef { secret }), None, None)),
        vec(text(), 1..3).prop_map(|to| (None, Some(Email { to }), None)),
        (text(), of(name())).prop_map(|(url, secret)| (
            None,
            None,
            Some(OutgoingWebhook { url, secret })
        )),
    ];
    (events, of(1..9_u32), target)
        .prop_map(|(events, after, (slack, email, webhook))| Notify {
            events,
            after,
            slack,
            email,
            webhook,
        })
        .boxed()
}

fn defaults() -> BoxedStrategy<Defaults> {
    (
        some("[a-z]{1,9}", text()),
        of(span()),
        of(vec(name(), 0..3)),
        base(),
    )
        .prop_map(|(labels, timeout, pools, container)| Defaults {
            labels,
            timeout,
            pools,
            container,
        })
        .boxed()
}

fn concurrency() -> BoxedStrategy<Concurrency> {
    let overlap = prop_oneof![
        Just(Overlap::Queue),
        Just(Overlap::Skip),
        Just(Overlap::Replace)
    ];
    (of(1..=1000_u32), of(overlap), of(param()))
        .prop_map(|(limit, overlap, key)| Concurrency {
            limit,
            overlap,
            key,
        })
        .boxed()
}

/// What says who, when and how many.
fn head() -> BoxedStrategy<Pipeline> {
    let who = (name(), of(text()), of(name()), some("[a-z]{1,9}", text()));
    let start = (
        some(name(), declared()),
        some(name(), trigger()),
        of(concurrency()),
    );
    let limits = (
        of(span()),
        of(-100..=100),
        of(1..=1000_u32),
        vec(name(), 0..3),
    );
    (who, start, limits)
        .prop_map(|(who, start, limits)| {
            let (name, description, namespace, labels) = who;
            let (params, triggers, concurrency) = start;
            let (timeout, priority, max_parallel, pools) = limits;
            Pipeline {
                name,
                description,
                namespace,
                labels,
                params,
                triggers,
                concurrency,
                timeout,
                priority,
                max_parallel,
                pools,
                defaults: None,
                tasks: BTreeMap::new(),
                notify: Vec::new(),
                expect: None,
                retention: None,
            }
        })
        .boxed()
}

pub(super) fn pipeline() -> impl Strategy<Value = Pipeline> {
    let retention = (of(1..=100_000_u32), of(Just(Span::from_secs(86_400))))
        .prop_map(|(runs, age)| Retention { runs, age });
    let expect = (of(span()), of(span())).prop_map(|(success_within, max_duration)| Expect {
        success_within,
        max_duration,
    });
    let tasks = btree_map(name(), task(), 1..4);
    (
        head(),
        of(defaults()),
        tasks,
        vec(notify(), 0..2),
        of(expect),
        of(retention),
    )
        .prop_map(
            |(head, defaults, tasks, notify, expect, retention)| Pipeline {
                defaults,
                tasks,
                notify,
                expect,
                retention,
                ..head
            },
        )
}
