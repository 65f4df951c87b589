//! What stands between a panic and everybody else: no request should cause one, and one that does must not go unsaid.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

/// The words of a panic.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Panicked(pub(super) Box<str>);

/// Runs `future` to its end, or to its panic. What the future borrowed may then be half done: say what happened, and
/// use it for nothing else. Takes the future where it lies: that of an exchange is too large to move for nothing.
pub(super) async fn guarded<T>(
    mut future: Pin<&mut impl Future<Output = T>>,
) -> Result<T, Panicked> {
    poll_fn(|cx| {
        let poll = || future.as_mut().poll(cx);
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Err(Panicked(words(&*payload))).into(),
        }
    })
    .await
}

fn words(payload: &(dyn Any + Send)) -> Box<str> {
    let fixed = payload.downcast_ref::<&str>().copied();
    let made = payload.downcast_ref::<String>().map(String::as_str);
    fixed.or(made).unwrap_or("a panic without words").into()
}

#[cfg(test)]
mod tests;
