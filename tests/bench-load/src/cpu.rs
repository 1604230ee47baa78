//! CPU time of processes, as Linux counts it.

use crate::Result;

/// Linux reports hundredths of a second to all programs, whatever its own clock is.
const TICKS: f64 = 100.0;

/// Seconds that a process has used so far, in user and system mode, all its threads together.
pub(crate) fn seconds(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field, the command's name, may contain any characters. It ends with the last bracket.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| -> Result<f64> {
        let field = fields.get(at).ok_or("/proc/PID/stat is short")?;
        Ok(field.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// Seconds that this process has used so far, to the nanosecond; without threads that have ended.
pub(crate) fn own() -> Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let stat = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        let ran = stat.split_whitespace().next();
        nanoseconds += ran.ok_or("an empty schedstat")?.parse::<f64>()?;
    }
    Ok(nanoseconds / 1e9)
}
