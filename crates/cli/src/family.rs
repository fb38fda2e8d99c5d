//! The files of the pipelines that a pipeline calls, directly or not: found beside it, read, and
//! compared with what calls them.

use crate::{
    failure::Result,
    pipeline::{self, FindingDocument, Read},
    session::Session,
};
use gofer_core::{
    Problem,
    definition::Pipeline,
    name::PipelineName,
    plan::{self, Family as Rules, Plan},
    problem::Path,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
};

/// A pipeline's file with those that it calls.
pub(crate) struct Family {
    pub(crate) root: Read,
    /// In the order in which they are called.
    members: Vec<Member>,
}

struct Member {
    name: PipelineName,
    read: Read,
}

/// A called pipeline, for programs.
#[derive(Serialize)]
pub(crate) struct CalledDocument<'a> {
    pub(crate) pipeline: &'a str,
    pub(crate) file: &'a str,
    findings: Vec<FindingDocument>,
}

/// A pipeline whose calls are looked at: which of the files it is in, and the folders in which
/// those that it calls are looked for.
struct Open {
    member: Option<usize>,
    pipeline: Pipeline,
    folders: Vec<PathBuf>,
}

impl Family {
    /// Finds and reads what `root` calls. What is wrong with that is among the findings.
    pub(crate) fn gather(session: &Session<'_>, root: Read) -> Result<Self> {
        let mut family = Self {
            root,
            members: Vec::new(),
        };
        let Some(plan) = &family.root.plan else {
            return Ok(family);
        };
        let mut problems: BTreeMap<Option<usize>, Vec<Problem>> = BTreeMap::new();
        let mut open = VecDeque::from([Open {
            member: None,
            pipeline: plan.pipeline.clone(),
            folders: vec![family.root.folder.clone()],
        }]);
        while let Some(next) = open.pop_front() {
            for (task, _, call) in plan::calls(&next.pipeline) {
                if family.knows(&call.name) {
                    continue;
                }
                let at = Path::top().at("tasks").at(task.as_str());
                let at = at.at("pipeline").at("name");
                match family.take(session, &call.name, &next.folders)? {
                    Ok(found) => open.extend(found),
                    Err(message) => {
                        let problem = Problem::error(at, message);
                        problems.entry(next.member).or_default().push(problem);
                    }
                }
            }
        }
        family.compare(&mut problems);
        for (member, problems) in problems {
            family.report(member, problems);
        }
        Ok(family)
    }

    fn knows(&self, name: &PipelineName) -> bool {
        let root = self.root.plan.as_ref().map(|plan| &plan.pipeline.name);
        root == Some(name) || self.members.iter().any(|member| member.name == *name)
    }

    /// Reads the file of a called pipeline; what it calls itself is still to be looked at. The
    /// inner error is said of the caller.
    fn take(
        &mut self,
        session: &Session<'_>,
        name: &PipelineName,
        folders: &[PathBuf],
    ) -> Result<std::result::Result<Option<Open>, String>> {
        let path = match gofer_config::find_called(folders, name.as_str()) {
            Ok(path) => path,
            Err(error) => return Ok(Err(pipeline::as_typed(session, &error.to_string()))),
        };
        let read = pipeline::read_file(session, &path)?;
        let own = read.plan.as_ref().map(|plan| &plan.pipeline.name);
        if let Some(own) = own.filter(|own| *own != name) {
            let file = &read.source.name;
            return Ok(Err(format!(
                "{file} is the pipeline `{own}`: call that, or name it `{name}`"
            )));
        }
        let member = Some(self.members.len());
        let found = read.plan.as_ref().map(|plan| {
            let mut all = vec![read.folder.clone()];
            all.extend(folders.iter().filter(|it| **it != read.folder).cloned());
            Open {
                member,
                pipeline: plan.pipeline.clone(),
                folders: all,
            }
        });
        self.members.push(Member {
            name: name.clone(),
            read,
        });
        Ok(Ok(found))
    }

    /// What has to hold between a caller and what it calls.
    fn compare(&self, problems: &mut BTreeMap<Option<usize>, Vec<Problem>>) {
        let Some(root) = &self.root.plan else { return };
        let members = (self.members.iter())
            .filter_map(|member| {
                let plan = member.read.plan.as_ref()?;
                Some((member.name.clone(), plan.pipeline.clone()))
            })
            .collect();
        let rules = Rules {
            root: &root.pipeline,
            members: &members,
        };
        for (of, problem) in rules.check() {
            let member = self.members.iter().position(|member| member.name == of);
            problems.entry(member).or_default().push(problem);
        }
    }

    fn report(&mut self, member: Option<usize>, problems: Vec<Problem>) {
        let read = match member {
            None => &mut self.root,
            Some(member) => match self.members.get_mut(member) {
                Some(member) => &mut member.read,
                None => return,
            },
        };
        read.findings
            .extend(gofer_config::point(&read.source, problems));
        read.findings.sort_by_key(|finding| finding.span.start);
        read.plan = None;
    }

    /// All files, the caller's first.
    fn reads(&self) -> impl Iterator<Item = &Read> {
        std::iter::once(&self.root).chain(self.members.iter().map(|member| &member.read))
    }

    /// The paths of all files, the caller's first.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &std::path::Path> {
        self.reads().filter_map(|read| read.path.as_deref())
    }

    /// Says everything that was found, file by file.
    pub(crate) fn tell(&self, session: &Session<'_>, short: bool) {
        for read in self.reads() {
            read.tell(session, short);
        }
    }

    /// The plan to start and those that it calls, unless something is wrong with any of them.
    pub(crate) fn plans(&self) -> Option<(&Plan, Vec<&Plan>)> {
        let members: Option<Vec<&Plan>> = (self.members.iter())
            .map(|member| member.read.plan.as_ref())
            .collect();
        Some((self.root.plan.as_ref()?, members?))
    }

    /// Each file that is right, with its plan.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&Read, &Plan)> {
        self.reads()
            .filter_map(|read| Some((read, read.plan.as_ref()?)))
    }

    pub(crate) fn called(&self) -> Vec<CalledDocument<'_>> {
        self.members
            .iter()
            .map(|member| CalledDocument {
                pipeline: member.name.as_str(),
                file: member.read.source.name.as_str(),
                findings: member.read.documents(),
            })
            .collect()
    }
}
