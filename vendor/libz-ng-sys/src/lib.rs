//! zlib-ng's names over zlib-rs, for flate2's `zlib-ng` backend, so that no cmake is needed.
//!
//! flate2 fills [`z_stream`] itself and sets `zalloc` and `zfree` to plain function pointers, while zlib-rs
//! declares them as options; the two have the same layout, which the assertions below check.
#![allow(non_camel_case_types, non_snake_case, reason = "the names are zlib's")]

use std::ffi::{c_char, c_int, c_long, c_uint, c_ulong, c_void};
use std::mem::{offset_of, size_of};

pub use libz_rs_sys::{
    Z_BLOCK, Z_BUF_ERROR, Z_DATA_ERROR, Z_DEFAULT_STRATEGY, Z_DEFLATED, Z_FINISH, Z_FULL_FLUSH,
    Z_MEM_ERROR, Z_NEED_DICT, Z_NO_FLUSH, Z_OK, Z_PARTIAL_FLUSH, Z_STREAM_END, Z_STREAM_ERROR,
    Z_SYNC_FLUSH, zlibVersion,
};

pub type z_size = c_ulong;
pub type z_checksum = c_ulong;
pub type z_off_t = c_long;
pub type uInt = c_uint;

pub enum internal_state {}

/// The stream as flate2 builds it.
#[repr(C)]
pub struct z_stream {
    pub next_in: *mut u8,
    pub avail_in: c_uint,
    pub total_in: z_size,
    pub next_out: *mut u8,
    pub avail_out: c_uint,
    pub total_out: z_size,
    pub msg: *mut c_char,
    pub state: *mut internal_state,
    pub zalloc: unsafe extern "C" fn(*mut c_void, c_uint, c_uint) -> *mut c_void,
    pub zfree: unsafe extern "C" fn(*mut c_void, *mut c_void),
    pub opaque: *mut c_void,
    pub data_type: c_int,
    pub adler: z_checksum,
    pub reserved: c_ulong,
}

pub type z_streamp = *mut z_stream;

type Theirs = libz_rs_sys::z_stream;
const _: () = {
    assert!(size_of::<z_stream>() == size_of::<Theirs>());
    assert!(offset_of!(z_stream, next_in) == offset_of!(Theirs, next_in));
    assert!(offset_of!(z_stream, total_in) == offset_of!(Theirs, total_in));
    assert!(offset_of!(z_stream, next_out) == offset_of!(Theirs, next_out));
    assert!(offset_of!(z_stream, total_out) == offset_of!(Theirs, total_out));
    assert!(offset_of!(z_stream, msg) == offset_of!(Theirs, msg));
    assert!(offset_of!(z_stream, state) == offset_of!(Theirs, state));
    assert!(offset_of!(z_stream, zalloc) == offset_of!(Theirs, zalloc));
    assert!(offset_of!(z_stream, zfree) == offset_of!(Theirs, zfree));
    assert!(offset_of!(z_stream, opaque) == offset_of!(Theirs, opaque));
    assert!(offset_of!(z_stream, data_type) == offset_of!(Theirs, data_type));
    assert!(offset_of!(z_stream, adler) == offset_of!(Theirs, adler));
};

/// Declares functions that cast the stream and call zlib-rs.
macro_rules! forward {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => {$(
        /// # Safety
        /// As zlib's function of the same name.
        pub unsafe extern "C" fn $name(strm: z_streamp $(, $arg: $type)*) -> c_int {
            // SAFETY: the layouts are equal (asserted above); the rest is the caller's promise.
            unsafe { libz_rs_sys::$name(strm.cast::<Theirs>() $(, $arg)*) }
        }
    )*};
}

forward! {
    deflate(flush: c_int);
    deflateEnd();
    deflateReset();
    deflateParams(level: c_int, strategy: c_int);
    deflateSetDictionary(dictionary: *const u8, length: c_uint);
    deflateInit2_(level: c_int, method: c_int, window_bits: c_int, mem_level: c_int, strategy: c_int, version: *const c_char, stream_size: c_int);
    inflate(flush: c_int);
    inflateEnd();
    inflateReset();
    inflateReset2(window_bits: c_int);
    inflateSetDictionary(dictionary: *const u8, length: c_uint);
    inflateInit2_(window_bits: c_int, version: *const c_char, stream_size: c_int);
}
