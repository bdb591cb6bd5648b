//! Dying on purpose, at a point that a test names: in debug builds only.

/// Names the point, as in `store.accept.after` or `store.accept.after#3` for its third passing.
const VARIABLE: &str = "FACTEUR_CRASH_AT";

/// Arms the point that the environment names, if it names one.
pub(crate) fn arm() -> Result<(), crate::failure::Failure> {
    let Some(point) = crate::environment::variable(VARIABLE) else { return Ok(()) };
    facteur_store::crash::arm(&point, die)
        .map_err(|why| crate::failure::Failure::new(format!("{VARIABLE} cannot be obeyed: {why}")))
}

/// As `kill -9` from outside: no destructor runs, nothing is flushed.
fn die() {
    use rustix::process::{Signal, getpid, kill_process};
    if kill_process(getpid(), Signal::KILL).is_err() {
        std::process::abort();
    }
    // The signal is on its way: nothing more happens on this thread.
    loop {
        std::thread::park();
    }
}
