//! What is a value, in which slot it stands, and how whole visit ids hide in texts.

use serde_json::json;

use super::super::read::{int, money, param, real, session_id};
use super::decimal;
use crate::rows::Slot;

#[test]
fn fillers_and_blanks_are_no_values() {
    for nothing in ["", "   ", "(not set)", "(other)", "(data not available)", " (not set) "] {
        assert_eq!(real(Some(nothing.to_owned())), None, "{nothing:?}");
    }
    for value in ["0", "(none)", "(Not Set)", "null", " x "] {
        assert_eq!(real(Some(value.to_owned())), Some(value.to_owned()));
    }
}

#[test]
fn a_parameter_is_read_from_any_slot() {
    let read = |slot: Slot| param(&json!([{ "key": "k", "value": slot.build() }]), "k");
    assert_eq!(read(Slot::from("T-1")).as_deref(), Some("T-1"));
    assert_eq!(read(Slot::Int(4711)).as_deref(), Some("4711"));
    assert_eq!(read(Slot::Double(4711.0)).as_deref(), Some("4711"));
    assert_eq!(read(Slot::Float(0.5)).as_deref(), Some("0.5"));
    assert_eq!(read(Slot::Empty), None);
    assert_eq!(param(&json!(null), "k"), None);
    assert_eq!(param(&json!([{ "key": "K", "value": { "string_value": "x" } }]), "k"), None);
}

#[test]
fn numbers_come_as_numbers_and_as_texts() {
    assert_eq!(int(&json!("1612069510766593")), Some(1_612_069_510_766_593));
    assert_eq!(int(&json!(3)), Some(3));
    assert_eq!(int(&json!("1.61121E+15")), None);
    assert_eq!(money(&json!(12.345)), Some(decimal("12.345")));
    assert_eq!(money(&json!("12.50")), Some(decimal("12.5")));
    assert_eq!(money(&json!(null)), None);
}

#[test]
fn a_session_id_is_found_inside_its_cookie() {
    assert_eq!(session_id("s1747075570$o5$g1$t1747077281$j36$l0$h0"), "1747075570");
    assert_eq!(session_id("1747075570"), "1747075570");
    assert_eq!(session_id("s$o5"), "s$o5");
    assert_eq!(session_id("s12"), "s12");
}
