//! What runs.

use super::values::*;
use gofer_core::{Span, definition::*};
use proptest::{collection::vec, option::of, prelude::*};

pub(super) fn resources() -> impl Strategy<Value = Resources> {
    (
        of(Just("500m".to_owned())),
        of(Just("512Mi".to_owned())),
        of(0_u32..9),
    )
        .prop_map(|(cpu, memory, gpu)| Resources { cpu, memory, gpu })
}

pub(super) fn volume() -> impl Strategy<Value = Volume> {
    let source = prop_oneof![
        name().prop_map(VolumeSource::Scratch),
        name().prop_map(VolumeSource::Persistent),
        path().prop_map(VolumeSource::Host),
    ];
    (source, of(any::<bool>())).prop_map(|(source, read_only)| Volume { source, read_only })
}

/// What services and `defaults` may hold too.
pub(super) fn base() -> BoxedStrategy<Container> {
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

pub(super) fn service() -> BoxedStrategy<Service> {
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

pub(super) fn container() -> BoxedStrategy<Container> {
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
