//! Files that go into a container, and those that come out.

use super::{
    Bench, Job, Outcome, skipped,
    tried::{Asking, Tried, attempt, start_container, tidy},
};
use crate::{Container, FileContent, Inputs, Scheduler, StartError, Stream};
use bytes::Bytes;
use futures_util::{
    TryStreamExt,
    stream::{self, BoxStream, StreamExt},
};
use gofer_core::{container::Exec, id::AttemptId, run::Reason};
use gofer_secrets::SecretText;
use std::{fmt::Write, io, sync::Arc};

/// A container that runs this script.
pub(super) fn shell(bench: &dyn Bench, id: &AttemptId, script: &str) -> Container {
    Container {
        exec: Exec::Script(script.to_owned()),
        ..bench.container(id, &Job::default())
    }
}

/// Runs a container, and says what it wrote. It has to succeed.
pub(super) async fn said(
    bench: &dyn Bench,
    scheduler: &dyn Scheduler,
    id: &AttemptId,
    main: Container,
    asking: Asking,
) -> Result<String, String> {
    let started = start_container(scheduler, id, main, asking).await;
    let tried = started
        .map_err(|error| error.to_string())?
        .end(bench)
        .await?;
    let text = |tried: &Tried, stream| String::from_utf8_lossy(&tried.written(stream)).into_owned();
    let code = tried.exit()?.code;
    assert_eq!(code, 0, "{}", text(&tried, Stream::Stderr));
    Ok(text(&tried, Stream::Stdout))
}

/// It does not start, with this reason and these words.
pub(super) async fn refused(
    scheduler: &dyn Scheduler,
    id: &AttemptId,
    main: Container,
    words: &str,
) -> Outcome {
    match start_container(scheduler, id, main, Asking::default()).await {
        Err(StartError::Failed {
            reason, message, ..
        }) => {
            assert_eq!(reason, Reason::StartFailed, "{message}");
            assert!(
                message.contains(words),
                "{message:?} does not say {words:?}"
            );
            Ok(())
        }
        Err(other) => Err(format!("another error: {other:?}")),
        Ok(_) => Err("it started".to_owned()),
    }
}

fn plain(path: &str, bytes: &[u8]) -> (String, FileContent) {
    (path.to_owned(), FileContent::Plain(bytes.to_vec()))
}

fn secret(path: &str, text: &str) -> (String, FileContent) {
    let secret = SecretText::new(text.to_owned());
    (path.to_owned(), FileContent::Secret(secret))
}

/// No newline is added, folders that are missing are made, and those of the image stay as they are.
pub async fn files_arrive_byte_for_byte_and_nobody_writes_them(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "files")?;
    let script = "od -An -v -tx1 /no/such/folder/bytes | tr -d ' \\n'; echo; \
                  cat /tmp/plain; echo '|'; /opt/tool; \
                  ls -ld /tmp | cut -c1-10; ls -l /opt/tool /tmp/plain | cut -c1-10";
    let mut main = shell(bench, &id, script);
    let every: Vec<u8> = (0..=255).collect();
    main.files = vec![
        plain("/no/such/folder/bytes", &every),
        plain("/tmp/plain", b"no newline"),
        plain("/opt/tool", b"#!/bin/sh\necho tool\n"),
    ];
    main.user = Some("4711".to_owned());
    let text = said(bench, &*scheduler, &id, main, Asking::default()).await?;
    let hex = every.iter().fold(String::new(), |mut hex, byte| {
        // Writing into a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let expected = format!("{hex}\nno newline|\ntool\ndrwxrwxrwt\n-r-xr-xr-x\n-r--r--r--\n");
    assert_eq!(text, expected);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// Whoever that is: the image's user, a name that only the image knows, or a number.
pub async fn a_secret_file_is_for_the_containers_user_alone(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let run = bench.run();
    for (task, user, owner) in [
        ("image", None, 0),
        ("name", Some("worker"), 1000),
        ("both", Some("worker:worker"), 1000),
        ("number", Some("4711:1"), 4711),
    ] {
        let id = attempt(run, task)?;
        let script = "cat /run/secrets/a; /run/secrets/b; \
                      ls -ln /run/secrets/a /run/secrets/b | awk '{print $1, $3}'";
        let mut main = shell(bench, &id, script);
        main.files = vec![
            secret("/run/secrets/a", "the secret"),
            secret("/run/secrets/b", "#!/bin/sh\necho; echo runs\n"),
        ];
        main.user = user.map(str::to_owned);
        let text = said(bench, &*scheduler, &id, main, Asking::default()).await?;
        let expected = format!("the secret\nruns\n-r-------- {owner}\n-r-x------ {owner}\n");
        assert_eq!(text, expected, "{user:?}");
        scheduler
            .remove(&id)
            .await
            .map_err(|error| error.to_string())?;
    }
    let stranger = attempt(run, "stranger")?;
    let mut main = shell(bench, &stranger, "true");
    main.files = vec![secret("/s", "x")];
    main.user = Some("nobodyknowsme".to_owned());
    refused(&*scheduler, &stranger, main, "nobodyknowsme").await?;
    tidy(&*scheduler, &[&stranger]).await?;
    scheduler.close().await;
    Ok(())
}

/// What the image has beside them stays to be seen.
pub async fn files_and_scripts_arrive_on_a_read_only_root(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "closed")?;
    let script = "#!/bin/sh -e\ncat /etc/app/a /etc/b /srv/x/c; grep -c worker /etc/passwd\n\
                  grep -q '^[^ ]* / [^ ]* ro' /proc/mounts && echo closed\n\
                  echo o=1 > \"$GOFER_OUTPUT\"; echo a > \"$GOFER_ARTIFACTS/a\"";
    let mut main = shell(bench, &id, script);
    main.files = vec![
        plain("/etc/app/a", b"a\n"),
        plain("/etc/b", b"b\n"),
        secret("/srv/x/c", "c\n"),
    ];
    main.user = Some("worker".to_owned());
    main.read_only = true;
    let text = said(bench, &*scheduler, &id, main, Asking::default()).await?;
    assert_eq!(text, "a\nb\nc\n1\nclosed\n");
    tidy(&*scheduler, &[&id]).await?;
    let left = scheduler.list_ours().await;
    assert_eq!(left.map_err(|error| error.to_string())?, []);
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_script_that_names_its_interpreter_is_run_by_it(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "awk")?;
    let mut main = shell(bench, &id, "#!/bin/awk -f\nBEGIN { print \"from awk\" }\n");
    main.user = Some("worker".to_owned());
    let text = said(bench, &*scheduler, &id, main, Asking::default()).await?;
    assert_eq!(text, "from awk\n");
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// The folder is not replaced, nor is a file that stands where a folder is needed.
pub async fn a_file_where_the_image_has_a_folder_is_refused(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let run = bench.run();
    for (task, path, words) in [
        ("folder", "/tmp", "the image has a folder where"),
        ("file", "/etc/passwd/x", "the image has a file where"),
    ] {
        let id = attempt(run, task)?;
        let mut main = shell(bench, &id, "true");
        main.files = vec![plain(path, b"x")];
        refused(&*scheduler, &id, main, words).await?;
        tidy(&*scheduler, &[&id]).await?;
    }
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_working_directory_is_made_and_one_that_is_a_file_is_refused(
    bench: &dyn Bench,
) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let run = bench.run();
    for (task, read_only) in [("open", false), ("closed", true)] {
        let id = attempt(run, task)?;
        let mut main = shell(bench, &id, "pwd");
        main.working_dir = Some("/not/there".to_owned());
        main.read_only = read_only;
        let text = said(bench, &*scheduler, &id, main, Asking::default()).await?;
        assert_eq!(text, "/not/there\n");
        tidy(&*scheduler, &[&id]).await?;
    }
    let id = attempt(run, "file")?;
    let mut main = shell(bench, &id, "pwd");
    main.working_dir = Some("/etc/passwd".to_owned());
    refused(&*scheduler, &id, main, "working_dir").await?;
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// A tar in pieces.
struct Pieces(Vec<Bytes>);

impl Inputs for Pieces {
    fn tar(&self) -> BoxStream<'static, io::Result<Bytes>> {
        stream::iter(self.0.clone().into_iter().map(Ok)).boxed()
    }
}

/// A tar that cannot be read to its end.
struct Broken;

impl Inputs for Broken {
    fn tar(&self) -> BoxStream<'static, io::Result<Bytes>> {
        let pieces = [
            Ok(Bytes::from(entry("load/a", b"a"))),
            Err(io::Error::other("the disk is gone")),
        ];
        stream::iter(pieces).boxed()
    }
}

/// One file of a tar, as POSIX has it.
fn entry(path: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, field: &[u8]| {
        for (to, from) in header.iter_mut().skip(at).zip(field) {
            *to = *from;
        }
    };
    put(0, path.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", bytes.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    for (to, from) in header
        .iter_mut()
        .skip(148)
        .zip(format!("{sum:06o}\0 ").bytes())
    {
        *to = from;
    }
    let mut all = header.to_vec();
    all.extend_from_slice(bytes);
    all.resize(all.len().next_multiple_of(512), 0);
    all
}

/// They are there before the start, whoever it runs as; what cannot be read is not started with.
pub async fn inputs_are_where_gofer_inputs_says(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let run = bench.run();
    let big = vec![b'x'; 3 << 20];
    let tar = [
        entry("load/a", b"a"),
        entry("load/0/big", &big),
        vec![0; 1024],
    ];
    let tar = tar.concat();
    let pieces = tar.chunks(10_000).map(Bytes::copy_from_slice);
    let asking = Asking {
        inputs: Some(Arc::new(Pieces(pieces.collect()))),
        ..Asking::default()
    };
    let id = attempt(run, "reader")?;
    let script = "#!/bin/sh -e\ncd \"$GOFER_INPUTS\"; cat load/a; echo; wc -c < load/0/big";
    let mut main = shell(bench, &id, script);
    main.user = Some("worker".to_owned());
    main.read_only = true;
    let text = said(bench, &*scheduler, &id, main, asking).await?;
    assert_eq!(text, format!("a\n{}\n", big.len()));

    let asking = Asking {
        inputs: Some(Arc::new(Broken)),
        ..Asking::default()
    };
    let broken = attempt(run, "broken")?;
    let main = shell(bench, &broken, "true");
    match start_container(&*scheduler, &broken, main, asking).await {
        Err(StartError::Failed { message, .. }) => {
            assert!(message.contains("the disk is gone"), "{message}");
        }
        Err(other) => return Err(format!("another error: {other:?}")),
        Ok(_) => return Err("it started without its inputs".to_owned()),
    }
    tidy(&*scheduler, &[&id, &broken]).await?;
    scheduler.close().await;
    Ok(())
}

/// The first Gofer died, or was not permitted, between create and start.
pub async fn what_goes_in_is_there_for_whoever_starts_what_another_created(
    bench: &dyn Bench,
) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let id = attempt(bench.run(), "twice")?;
    let script = "#!/bin/sh -e\ncat /etc/app/a /etc/app/b; cat \"$GOFER_INPUTS/load/a\"";
    let main = || {
        let mut main = shell(bench, &id, script);
        main.files = vec![plain("/etc/app/a", b"a"), secret("/etc/app/b", "b")];
        main.user = Some("worker".to_owned());
        main.read_only = true;
        main
    };
    let tar = [entry("load/a", b"c"), vec![0; 1024]].concat();
    let inputs = || Some(Arc::new(Pieces(vec![Bytes::from(tar.clone())])) as Arc<dyn Inputs>);
    let first = bench.connect().await;
    let asking = Asking {
        permitted: false,
        inputs: inputs(),
        ..Asking::default()
    };
    let refused = start_container(&*first, &id, main(), asking).await;
    assert!(matches!(refused, Err(StartError::Refused)));
    first.close().await;
    let second = bench.connect().await;
    let asking = Asking {
        inputs: inputs(),
        ..Asking::default()
    };
    let text = said(bench, &*second, &id, main(), asking).await?;
    assert_eq!(text, "abc");
    tidy(&*second, &[&id]).await?;
    let left = second.list_ours().await;
    assert_eq!(left.map_err(|error| error.to_string())?, []);
    second.close().await;
    Ok(())
}

/// All of them, of a failed attempt too; one that left none has none.
pub async fn artifacts_come_back_as_they_were_written(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let run = bench.run();
    let rest = "mkdir \"$GOFER_ARTIFACTS/sub\"; printf exact > \"$GOFER_ARTIFACTS/sub/f\"";
    for (task, script, expected) in [
        ("none", "true", false),
        ("some", rest, true),
        ("failed", &format!("{rest}; exit 3"), true),
    ] {
        let id = attempt(run, task)?;
        let mut main = shell(bench, &id, script);
        main.user = Some("worker".to_owned());
        main.read_only = true;
        let started = start_container(&*scheduler, &id, main, Asking::default()).await;
        let started = started.map_err(|error| error.to_string())?;
        started.end(bench).await?;
        let collected = scheduler.collect(&id).await;
        let collected = collected.map_err(|error| error.to_string())?;
        assert_eq!(collected.artifacts, expected, "{task}");
        if expected {
            let tar = scheduler.artifacts(&id).await;
            let tar = tar.map_err(|error| error.to_string())?.ok_or("no tar")?;
            let pieces: Vec<Bytes> = tar.try_collect().await.map_err(|error| error.to_string())?;
            let tar = pieces.concat();
            let header = tar
                .chunks(512)
                .position(|block| block.starts_with(b"artifacts/sub/f\0"));
            let header = header.ok_or("the file is not in the tar")?;
            let bytes = tar.get(512 * (header + 1)..).unwrap_or_default();
            assert!(bytes.starts_with(b"exact\0"), "{task}");
        }
        tidy(&*scheduler, &[&id]).await?;
    }
    let gone = attempt(run, "gone")?;
    assert!(scheduler.artifacts(&gone).await.is_err(), "of no container");
    scheduler.close().await;
    Ok(())
}
