use crate::bench::OnDocker;

gofer_scheduler::conformance_tests!(OnDocker::warm().await);
