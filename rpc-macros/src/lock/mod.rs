//! x
#![allow(dead_code)]
mod compare;
mod file;
mod form;
mod of_trait;
mod wire_type;
