//! Typed interfaces of OpenStack services that run in Python.
//!
//! Each trait declares methods of the service's `rpcapi.py`. The Python services need no change. `rpcapi.py` has code that
//! drops, renames, converts or refuses arguments for older servers. Here, options of the arguments declare these rules, and
//! the form for each version is derived from them.
//!
//! The traits have a few methods of each service: those with the most complex version rules. Tests compare them with the
//! messages of the originals, case by case.

pub mod cinder;
pub mod heat;
pub mod ironic;
pub mod neutron;
pub mod nova;
