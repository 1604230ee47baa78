//! Typed interfaces of OpenStack services that run in Python.
//!
//! Each trait declares the same as the service's own `rpcapi.py`. The other side needs no change. For older servers,
//! those files leave arguments out, rename them, convert them or refuse them, by hand. Here these rules are options of
//! the arguments, and the ladder of versions is derived from them.
//!
//! The traits have a few methods of each service, those with the hardest ladders. Tests compare them with the messages
//! of the originals, case by case.

pub mod cinder;
pub mod heat;
pub mod ironic;
pub mod neutron;
pub mod nova;
