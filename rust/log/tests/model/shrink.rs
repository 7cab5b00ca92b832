//! Makes a failing list of steps shorter, by leaving out pieces of it, as long as it still fails.
//!
//! This is delta debugging over the list, not a property-testing library: steps mean something only one after the other, and each
//! carries its own randomness, so that leaving steps out is the only way of making a case smaller that helps its reader.

/// How many shorter lists are tried.
const MAX_TRIES: usize = 3_000;

/// The shortest list that was found to fail.
pub(crate) fn shrink<T: Clone>(steps: &[T], mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut steps = steps.to_vec();
    let mut tries = 0;
    let mut piece = steps.len().div_ceil(2);
    while piece > 0 {
        let mut start = 0;
        let mut is_shorter = false;
        while start < steps.len() && tries < MAX_TRIES {
            let end = (start + piece).min(steps.len());
            let shorter = [&steps[..start], &steps[end..]].concat();
            tries += 1;
            if fails(&shorter) {
                steps = shorter;
                is_shorter = true;
            } else {
                start = end;
            }
        }
        if !(is_shorter && piece == 1) {
            piece /= 2;
        }
    }
    steps
}

#[test]
fn what_is_left_is_needed() {
    let steps: Vec<u32> = (0..100).collect();
    let found = shrink(&steps, |steps| steps.contains(&17) && steps.contains(&80));
    assert_eq!(found, [17, 80]);
}
