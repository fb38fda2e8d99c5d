//! Commands that this machine cannot execute. An engine takes an image of another platform, if a
//! registry has only that one, and starts it.

use super::Watched;
use gofer_core::run::OTHER_PLATFORM;

/// The system's words for what is no program of this machine.
const NO_PROGRAM: &str = "Exec format error";

impl Watched {
    /// `None`: the init says something else.
    pub(super) async fn foreign(&self, words: &str) -> Option<String> {
        if !words.contains(NO_PROGRAM) {
            return None;
        }
        let name = self.image.strip_prefix("local:").unwrap_or(&self.image);
        let image = self.engine.docker.inspect_image(name).await.ok();
        let machine = self.engine.machine().await.ok();
        let architectures = image
            .and_then(|image| image.architecture)
            .zip(machine.map(|machine| machine.architecture.clone()));
        Some(match architectures {
            Some((image, machine)) => sentence(words, &image, &machine),
            None => sentence(words, "", ""),
        })
    }
}

fn sentence(words: &str, image: &str, machine: &str) -> String {
    let machine = as_images_say(machine);
    if image == machine {
        return format!(
            "what is to be executed is neither a program for this machine nor a script whose first \
             line names one ({words})"
        );
    }
    format!(
        "{OTHER_PLATFORM}, linux/{image}, and the engine runs linux/{machine}: use an image that is \
         made for it, too ({words})"
    )
}

/// Kernels have other names for what images are made for.
fn as_images_say(architecture: &str) -> &str {
    match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" => "arm",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_another_platform_is_told_from_a_file_that_is_no_program() {
        let words = "exec /bin/sh failed: Exec format error";
        let other = sentence(words, "s390x", "x86_64");
        assert!(other.starts_with(OTHER_PLATFORM), "{other}");
        assert!(other.contains("linux/s390x") && other.contains("linux/amd64"));
        for (image, machine) in [("amd64", "x86_64"), ("arm64", "aarch64"), ("", "")] {
            let same = sentence(words, image, machine);
            assert!(!same.contains(OTHER_PLATFORM), "{same}");
            assert!(same.contains("first line"), "{same}");
        }
    }
}
