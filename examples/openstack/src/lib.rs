//! Typed interfaces of OpenStack services that run in Python.
//!
//! Each trait says what the service's own `rpcapi.py` says, and nothing is changed on the other side. What
//! those files do by hand for older servers (leave arguments out, rename them, turn them into what they
//! were, refuse) is written here as options of arguments: the ladder of versions follows from them.
//!
//! They show a few methods of each service, those whose ladders are the hardest, and are held against what
//! the originals send, case by case.

pub mod cinder;
pub mod heat;
pub mod ironic;
pub mod neutron;
pub mod nova;
