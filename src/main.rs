//! The `seatledger` program: see the library. What it asks of the system's allocator stands here, since the library
//! forbids what that takes.

fn main() -> std::process::ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    give_memory_back();
    seatledger::run(std::env::args_os())
}

/// Tells glibc to share two arenas among all threads, to hand blocks from 256 KiB on back as soon as they are freed, and
/// to keep 8 MiB of small ones, which will be asked for again. By itself it has an arena for most threads and keeps what
/// was freed in each: half of the peak of a large run (`tests/bench/README.md`, P5). Between others, small ones stay all the
/// same, until a run that has a limit asks for them. No other allocator minds.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn give_memory_back() {
    // SAFETY: mallopt(3) takes two integers, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 256 << 10);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 8 << 20);
    }
    seatledger::base::memory::trim_by(|| {
        // SAFETY: malloc_trim(3) may be called at any time, by any thread.
        unsafe { libc::malloc_trim(0) };
    });
}
