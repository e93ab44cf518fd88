//! Memory that iceoryx2 lends, written in place.

use std::ptr;

use iceoryx2::prelude::ipc;
use iceoryx2::sample_mut::SampleMut;
use iceoryx2::sample_mut_uninit::SampleMutUninit;

type Loan = SampleMutUninit<ipc::Service, [std::mem::MaybeUninit<u8>], ()>;

/// Has `fill` write a sample where it lies. As in any queue, what it does not write is
/// what an earlier sample left there.
pub fn fill(mut loan: Loan, fill: impl FnOnce(&mut [u8])) -> SampleMut<ipc::Service, [u8], ()> {
    let bytes = ptr::from_mut(loan.payload_mut()) as *mut [u8];
    // SAFETY: the same bytes, borrowed as long. They lie in a mapping that the kernel
    // gave to this process with all its bytes set, and any bytes are numbers.
    fill(unsafe { &mut *bytes });
    // SAFETY: as above, they all have a value.
    unsafe { loan.assume_init() }
}
