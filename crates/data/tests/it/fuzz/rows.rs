//! The row mapper.

use data_service::ga4::{Mapped, read_row};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::mutation::{ROW_FIELDS, mutated, mutations};
use super::{check_event, good_rows, runner, seeds, settings};

fn check(json: &[u8]) {
    let settings = settings();
    match read_row(json, &settings) {
        Err(reason) => assert!(!reason.is_empty()),
        Ok(Mapped::Nothing(_)) => {}
        Ok(Mapped::Event(event)) => {
            check_event(&event);
            let Ok(Mapped::Event(again)) = read_row(json, &settings) else { panic!("mapped once, and not twice") };
            assert_eq!(event, again);
        }
    }
}

#[test]
fn the_row_mapper_takes_or_refuses_whatever_comes() {
    let mut rows = seeds("row_mapper");
    rows.iter().for_each(|row| check(row));
    rows.extend(good_rows());
    runner(4000)
        .run(&(any::<Index>(), mutations(ROW_FIELDS)), |(row, mutations)| {
            check(&mutated(&rows[row.index(rows.len())], &mutations));
            Ok(())
        })
        .unwrap();
    runner(1000)
        .run(&vec(any::<u8>(), 0..400), |bytes| {
            check(&bytes);
            Ok(())
        })
        .unwrap();
}
