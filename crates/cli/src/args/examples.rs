//! What stands below the help of each command.

pub(super) const INIT: &str = "Examples:
  gofer init                         write ./gofer.toml
  gofer init --yaml jobs             write jobs/gofer.yaml
  gofer init --list                  see the examples
  gofer init --example etl etl       copy one into the folder etl";
pub(super) const VALIDATE: &str = "Examples:
  gofer validate                     the nearest gofer.toml, .yaml or .json
  gofer validate jobs/etl.yaml
  ./pipeline.py | gofer validate -   from standard input

Exit codes: 0 the file is good, 1 it is not, 64 usage.";
pub(super) const RUN: &str = "Examples:
  gofer run                          the nearest gofer.toml, .yaml or .json
  gofer run etl.yaml --param day=2026-11-24 --secrets .env
  gofer run --dry-run                what would run, and in which order
  gofer run --resume                 go on after a crash or a kill
  gofer run --watch                  again at each save: what changed and what depends on it
  gofer run --task load              one task; what it reads comes from the newest run that has it
  gofer run --task load --output 'list.files=[\"a.csv\"]'
                                     the same, with a value of your own
  gofer run --until load --mount .:/src
                                     with all that comes before it, on the code of this folder
  gofer run -o json | jq .state      the run as JSON, progress on standard error

Ctrl-C cancels the run; a second one stops its finally tasks too; a third one leaves,
the containers go on, and `gofer run --resume` finds them again.

Exit codes: 0 succeeded or skipped, 1 error, 2 the run failed, 3 cancelled, 4 not allowed,
64 usage.";
pub(super) const RUNS: &str = "Examples:
  gofer runs                         the newest 20
  gofer runs etl --all -o json
  gofer runs -q | head -1            the newest run's name";
pub(super) const SHOW: &str = "Examples:
  gofer show etl/42
  gofer show etl/latest/load         one task and its attempts
  gofer show etl/42 --config         the pipeline as it ran";
pub(super) const LOGS: &str = "Examples:
  gofer logs etl/42/load             what the newest attempt wrote, and nothing else
  gofer logs etl/42/load/3 -f        an item of a fan-out, as it writes
  gofer logs etl/latest --tail 20    all tasks, each line with its task in front

On standard output there are the attempt's bytes and nothing else. Where some are missing, standard
error says how many and why. All are kept, or so many of each log: GOFER_LOG_CAP=100Mi.";
pub(super) const SHELL: &str = "Examples:
  gofer shell etl/42/load            with its environment, user, files and working folder
  gofer shell etl/latest/load/3      an item of a fan-out
  gofer shell etl/42/load -- env     one command instead of a shell
  gofer shell etl/42/load -- sh < x  with its input from here

Of each task the last attempt is kept if it failed: of all the newest 8, for 24 hours. One looks
into a copy, so what is changed there goes at the end. GOFER_KEEP=none keeps nothing.

Exit codes: the command's own.";
pub(super) const RERUN: &str = "Examples:
  gofer rerun etl/42                 all of it, in the same run
  gofer rerun etl/42 --failed        what failed or was cancelled, and what depends on it
  gofer rerun etl/42 --from load/3   an item of a fan-out, and what depends on it
  gofer rerun etl/42 --param day=2026-11-23
                                     a new run, like that one but for the param
  gofer rerun etl/42 --file gofer.toml
                                     a new run, with its params, of the file as it is now

Secrets are given again, as to `gofer run`. The exit code is the run's.";
pub(super) const ARTIFACTS: &str = "Examples:
  gofer artifacts etl/latest                     what every task left
  gofer artifacts etl/42/report index.html > f   one file
  gofer artifacts etl/42/report --to out         all of it, into the folder out
  gofer artifacts etl/42 --to out                each task's into out/TASK

Nothing is ever written outside the folder. Files that are there already are not touched
unless --overwrite says so.";
pub(super) const OBJECT: &str = "Examples:
  gofer object list etl
  gofer object get etl cursor
  gofer object put etl cursor 2026-11-24";
pub(super) const EXPLAIN: &str = "Examples:
  gofer explain                      the newest run
  gofer explain etl/latest";
pub(super) const CANCEL: &str = "Examples:
  gofer cancel etl/42                a second time stops its finally tasks too";
pub(super) const SCHEMA: &str = "Examples:
  gofer schema > gofer.schema.json   for an editor's completion
  gofer schema tasks.retry           one key, in words";
pub(super) const CLEAN: &str = "Examples:
  gofer clean --dry-run              what would go, why, and what it takes
  gofer clean --yes                  without a question
  gofer clean --all-projects

Runs beyond the newest 20 of their pipeline, or beyond `retention` in its file, with their logs and
artifacts; logs without a run; containers kept for `gofer shell`; what dead processes left on the
container engine. Nothing of a run that goes on, and no volume that a pipeline keeps.";
pub(super) const VOLUME: &str = "Examples:
  gofer volume                       all that are kept
  gofer volume delete etl/cache";
pub(super) const DOCTOR: &str = "Exit codes: 0 runs will work, 1 something keeps them from it.";
pub(super) const COMPLETION: &str = "Examples:
  gofer completion bash > /etc/bash_completion.d/gofer
  gofer completion zsh > \"${fpath[1]}/_gofer\"
  gofer completion fish > ~/.config/fish/completions/gofer.fish";
pub(super) const MAN: &str = "Examples:
  gofer man | man -l -
  gofer man ~/.local/share/man/man1";
