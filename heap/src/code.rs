//! Pages of the program's own file (`man 3 dl_iterate_phdr`, `man 2 madvise`).
#![expect(unsafe_code, reason = "the system's own functions")]

use std::ffi::{c_int, c_void};

use libc::{MADV_DONTNEED, PF_W, PT_LOAD, dl_phdr_info, size_t};

/// Gives back all pages of code and constants. Reading a configuration runs through much that no
/// request needs; what is used again comes back from the system's cache of the file.
pub fn give_back_code() {
    // SAFETY: the function is called while this one waits, and takes no data.
    unsafe { libc::dl_iterate_phdr(Some(give_back_of), std::ptr::null_mut()) };
}

/// Of the first object, which is the program.
unsafe extern "C" fn give_back_of(info: *mut dl_phdr_info, _: size_t, _: *mut c_void) -> c_int {
    // SAFETY: the system hands a valid object, with so many headers.
    let (info, headers) = unsafe {
        let info = &*info;
        (info, std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()))
    };
    for header in headers.iter().filter(|it| it.p_type == PT_LOAD && it.p_flags & PF_W == 0) {
        let start = (info.dlpi_addr + header.p_vaddr) & !(PAGE - 1);
        let length = info.dlpi_addr + header.p_vaddr + header.p_memsz - start;
        let length = usize::try_from(length).unwrap_or(0);
        // SAFETY: nothing writes to this mapping, so each page that is gone comes back from the file as
        // it was.
        unsafe { libc::madvise(start as *mut c_void, length, MADV_DONTNEED) };
    }
    STOP
}

/// Pages are of this size or of a multiple; the system refuses an address inside of a page.
const PAGE: u64 = 4096;
const STOP: c_int = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_is_given_back_runs_again() {
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find(|line| line.starts_with("RssFile:")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        let before = resident();
        give_back_code();
        let after = resident();
        assert!(after < before, "{after} of {before} KiB");
    }
}
