//! Any pipeline that the language allows, key by key.

use gofer_core::{Span, definition::*};
use proptest::{
    collection::{btree_map, vec},
    option::of,
    prelude::*,
};
use serde_json::json;
use std::collections::BTreeMap;

fn name<T>() -> impl Strategy<Value = T>
where
    T: std::str::FromStr + std::fmt::Debug,
    T::Err: std::fmt::Debug,
{
    "[a-z][a-z0-9_]{0,8}".prop_map(|text| text.parse().unwrap())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[^\\x00]{0,12}x",
        Just("true".to_owned()),
        Just("0x10".to_owned()),
        Just("null".to_owned())
    ]
}

fn path() -> impl Strategy<Value = String> {
    "(/[a-zé ]{1,6}){1,3}"
}

fn span() -> impl Strategy<Value = Span> {
    (1_u64..86_400_000).prop_map(|ms| Span::from_millis(ms.max(1000)))
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(Literal::Integer),
        text().prop_map(Literal::Text)
    ]
}

fn param() -> impl Strategy<Value = Reference> {
    (name(), of(literal())).prop_map(|(name, default)| Reference::Param { name, default })
}

fn reference() -> BoxedStrategy<Reference> {
    prop_oneof![
        param(),
        (name(), name::<gofer_core::name::OutputKey>(), of(literal())).prop_map(
            |(task, key, default)| Reference::Output {
                task,
                key: key.to_string(),
                default
            }
        ),
        (name(), any::<bool>(), of(literal())).prop_map(|(key, of_run, default)| {
            Reference::Object {
                key,
                of_run,
                default,
            }
        }),
        (of("[a-z]{1,4}"), of(literal()))
            .prop_map(|(field, default)| Reference::Item { field, default }),
        (name(), of(literal())).prop_map(|(task, default)| Reference::Task {
            task,
            field: TaskField::ExitCode,
            default
        }),
    ]
    .boxed()
}

fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        literal().prop_map(Value::Literal),
        reference().prop_map(Value::Reference),
        name().prop_map(|name| Value::Reference(Reference::Secret(name))),
    ]
    .boxed()
}

fn plain_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        literal().prop_map(Value::Literal),
        reference().prop_map(Value::Reference)
    ]
}

fn any_json() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-1e6..1e6).prop_map(|number: f64| json!(number + 0.25)),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Json::from),
            btree_map("k[a-z]{0,4}", inner, 0..3).prop_map(|table| json!(table)),
        ]
    })
    .boxed()
}

fn some<K: Ord + std::fmt::Debug, V: std::fmt::Debug>(
    key: impl Strategy<Value = K>,
    value: impl Strategy<Value = V>,
) -> impl Strategy<Value = BTreeMap<K, V>> {
    btree_map(key, value, 0..3)
}

fn resources() -> impl Strategy<Value = Resources> {
    (
        of(Just("500m".to_owned())),
        of(Just("512Mi".to_owned())),
        of(0_u32..9),
    )
        .prop_map(|(cpu, memory, gpu)| Resources { cpu, memory, gpu })
}

fn volume() -> impl Strategy<Value = Volume> {
    let source = prop_oneof![
        name().prop_map(VolumeSource::Scratch),
        name().prop_map(VolumeSource::Persistent),
        path().prop_map(VolumeSource::Host),
    ];
    (source, of(any::<bool>())).prop_map(|(source, read_only)| Volume { source, read_only })
}

/// What services and `defaults` may hold too.
fn base() -> BoxedStrategy<Container> {
    let image = prop_oneof![
        "[a-z]{1,8}(:[0-9])?".prop_map(|text| Value::Literal(Literal::Text(text))),
        reference().prop_map(Value::Reference)
    ];
    let exec = prop_oneof![
        text().prop_map(|script| (Some(script), None, None)),
        (of(vec(text(), 1..3)), of(vec(text(), 1..3)))
            .prop_map(|(command, entrypoint)| (None, command, entrypoint)),
    ];
    let what = (
        of(image),
        exec,
        some(name(), value()),
        some(path(), value()),
        some(path(), volume()),
        of(resources()),
    );
    let pull = prop_oneof![Just(Pull::Missing), Just(Pull::Always), Just(Pull::Never)];
    let registry = (text(), name()).prop_map(|(username, secret)| Registry {
        username,
        password: SecretRef { secret },
    });
    let how = (
        of(text()),
        of(path()),
        of(any::<bool>()),
        of(pull),
        of(registry),
        of(any::<bool>()),
        of(0_u64..3_600_000),
    );
    (what, how)
        .prop_map(|(what, how)| {
            let (image, (script, command, entrypoint), env, files, volumes, resources) = what;
            let (user, working_dir, read_only, pull, registry, api_token, grace) = how;
            let stop_grace = grace.map(Span::from_millis);
            Container {
                image,
                script,
                command,
                entrypoint,
                env,
                files,
                volumes,
                resources,
                user,
                working_dir,
                read_only,
                pull,
                registry,
                api_token,
                stop_grace,
                ..Container::default()
            }
        })
        .boxed()
}

fn service() -> BoxedStrategy<Service> {
    let ready = prop_oneof![
        (1_u16.., of(span())).prop_map(|(port, timeout)| Ready {
            tcp: Some(port),
            command: None,
            timeout
        }),
        (vec(text(), 1..3), of(span())).prop_map(|(command, timeout)| Ready {
            tcp: None,
            command: Some(command),
            timeout
        }),
    ];
    (base(), of(ready))
        .prop_map(|(container, ready)| Service { container, ready })
        .boxed()
}

fn container() -> BoxedStrategy<Container> {
    let cache = (vec(plain_value(), 0..3), span()).prop_map(|(key, ttl)| Cache { key, ttl });
    (
        base(),
        vec(name(), 0..3),
        vec(name(), 0..3),
        some(name(), service()),
        of(cache),
    )
        .prop_map(|(base, inputs, objects, services, cache)| Container {
            inputs,
            objects,
            services,
            cache,
            ..base
        })
        .boxed()
}

fn retry() -> BoxedStrategy<Retry> {
    let codes = prop_oneof![
        Just((vec![], vec![])),
        vec(1..=255, 1..3).prop_map(|codes| (codes, vec![])),
        vec(1..=255, 1..3).prop_map(|codes| (vec![], codes)),
    ];
    let backoff = prop_oneof![Just(Backoff::Exponential), Just(Backoff::Fixed)];
    (0..=100_u32, of(span()), of(backoff), of(span()), codes)
        .prop_map(
            |(limit, delay, backoff, max_delay, (exit_codes, final_exit_codes))| Retry {
                limit,
                delay,
                backoff,
                max_delay,
                exit_codes,
                final_exit_codes,
            },
        )
        .boxed()
}

fn common() -> BoxedStrategy<Task> {
    let condition = prop_oneof![
        Just(Condition::Success),
        Just(Condition::Failure),
        Just(Condition::NotFailed),
        Just(Condition::Any)
    ];
    let depends_on = some(name(), condition);
    let yes = || of(any::<bool>());
    (
        of(text()),
        some("[a-z]{1,9}", text()),
        depends_on,
        of(text()),
        yes(),
        yes(),
        of(span()),
    )
        .prop_map(
            |(description, labels, depends_on, when, finally, allow_failure, timeout)| Task {
                description,
                labels,
                depends_on,
                when,
                finally,
                allow_failure,
                timeout,
                ..Task::default()
            },
        )
        .boxed()
}

fn fanned() -> BoxedStrategy<Task> {
    let items = prop_oneof![
        Just((None, None)),
        btree_map("[a-z]{1,4}", vec(any_json(), 0..3), 1..3)
            .prop_map(|matrix| (Some(matrix), None)),
        vec(any_json(), 0..3).prop_map(|list| (None, Some(ForEach::List(list)))),
        param().prop_map(|reference| (None, Some(ForEach::Reference(reference)))),
    ];
    (
        common(),
        items,
        of(1..=1000_u32),
        of(retry()),
        vec(name(), 0..3),
    )
        .prop_map(
            |(task, (matrix, for_each), max_parallel, retry, pools)| Task {
                matrix,
                for_each,
                max_parallel,
                retry,
                pools,
                ..task
            },
        )
        .boxed()
}

fn task() -> BoxedStrategy<Task> {
    let approval =
        (text(), vec(text(), 0..2)).prop_map(|(message, roles)| Approval { message, roles });
    let call =
        (name(), some(name(), plain_value())).prop_map(|(name, params)| Call { name, params });
    prop_oneof![
        3 => (fanned(), container()).prop_map(|(task, container)| Task { container, ..task }),
        1 => (common(), approval).prop_map(|(task, approval)| Task { approval: Some(approval), ..task }),
        1 => (fanned(), call).prop_map(|(task, call)| Task { pipeline: Some(call), ..task }),
    ]
    .boxed()
}

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
