//! Replays the recording that `tests/python/record_ladders.py` made of real services' clients under each version cap.
//! With the same arguments, the typed clients must send the same messages, return the same results, and refuse the same
//! calls.
//!
//! Each case of the file is replayed, or listed in [`IMPOSSIBLE`] with the reason.

use std::time::Duration;

use openstack_api::nova::RebuildError;
use rpc_runtime::{CallOptions, Error, Transport, Version};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::recorder::{Outbox, Recorder, Sent};
use crate::{nova, others};

/// Cases whose arguments the types cannot express.
const IMPOSSIBLE: [(&str, &str, &str); 3] = [
    (
        "nova.compute.rebuild_instance",
        "cap 6.0, what is false but present",
        "`reimage_boot_volume` is a `bool`, and never null",
    ),
    (
        "nova.compute.rebuild_instance",
        "neither instance nor host",
        "`instance` is an `&Instance`, and never null",
    ),
    (
        "nova.compute.rebuild_instance",
        "cap 6.1, target_state is refused before the host is looked for",
        "`instance` is an `&Instance`; `a_value_is_refused_before_a_host_is_looked_for` has the rest of it",
    ),
];

/// The recording.
pub(crate) fn recorded() -> Value {
    serde_json::from_str(include_str!("../wire/ladders.json")).unwrap()
}

/// A case, and a transport that answers as in the case.
pub(crate) struct Case {
    record: Value,
    pub(crate) transport: Transport,
    sent: Outbox,
}

/// Why a message was not sent, in a form that can be compared.
#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    /// Servers under the cap do not know the method, or the value of an argument.
    Cap {
        argument: Option<String>,
        needed: Version,
        cap: Version,
    },
    NoHost,
    /// nova's own errors.
    TargetState(Version),
    ReimageBootVolume,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::VersionCap {
                argument,
                requested: Some(needed),
                cap,
                ..
            } => Self::Cap {
                argument,
                needed,
                cap,
            },
            Error::InvalidTarget { .. } => Self::NoHost,
            other => panic!("{other:?}"),
        }
    }
}

impl From<RebuildError> for Refused {
    fn from(error: RebuildError) -> Self {
        match error {
            RebuildError::TargetState(needed) => Self::TargetState(needed),
            RebuildError::ReimageBootVolume => Self::ReimageBootVolume,
            RebuildError::Rpc(error) => error.into(),
            other => panic!("{other:?}"),
        }
    }
}

/// The result of a call, or why it was refused.
pub(crate) type Outcome = Result<Value, Refused>;

impl Case {
    fn new(record: &Value) -> Self {
        let replies = record["replies"].as_array().cloned().unwrap_or_default();
        let (transport, sent) = Recorder::replying(replies, json!(null));
        let record = record.clone();
        Self {
            record,
            transport,
            sent,
        }
    }

    /// An argument that the original was given.
    pub(crate) fn given<T: DeserializeOwned>(&self, name: &str) -> T {
        let value = self.record["given"].get(name).expect(name).clone();
        serde_json::from_value(value).expect(name)
    }

    /// An option of the configuration, in seconds.
    pub(crate) fn configured(&self, option: &str, default: u64) -> Duration {
        let seconds = self.record["conf"][option].as_u64();
        Duration::from_secs(seconds.unwrap_or(default))
    }

    /// An option of the configuration.
    pub(crate) fn conf(&self, option: &str) -> Option<u64> {
        self.record["conf"][option].as_u64()
    }

    /// The client is prepared with the cap. A builder would refuse a cap under which the client can send nothing.
    pub(crate) fn options(&self) -> CallOptions {
        CallOptions::new().version_cap(self.cap())
    }

    fn cap(&self) -> Option<Version> {
        self.record["cap"].as_str().map(|cap| cap.parse().unwrap())
    }

    fn wanted(&self, method: &str) -> Outcome {
        let Some(refused) = self.record.get("refused") else {
            let returned = &self.record["returned"];
            return Ok(match method {
                // The typed client returns the fields of the object.
                "cinder.volume.get_backup_device" => returned["versioned_object.data"].clone(),
                _ => returned.clone(),
            });
        };
        let cap = self.cap();
        let by_cap = |argument: Option<&str>, needed| Refused::Cap {
            argument: argument.map(str::to_owned),
            needed,
            cap: cap.unwrap(),
        };
        let message = refused["message"].as_str().unwrap();
        let true_one = ["return_objects", "return_alternates"]
            .into_iter()
            .find(|name| self.record["given"][name] == true);
        Err(match refused["class"].as_str().unwrap() {
            "RPCVersionCapError" => {
                let mut words = message
                    .split([' ', ','])
                    .skip_while(|word| *word != "version");
                by_cap(None, words.nth(2).unwrap().parse().unwrap())
            }
            // Under another major, the original still asks for 4.5. Here the whole method is refused.
            "SelectionObjectsWithOldRPCVersionNotSupported" if cap.unwrap().major() != 4 => {
                by_cap(None, Version::new(4, 0))
            }
            "SelectionObjectsWithOldRPCVersionNotSupported" => by_cap(true_one, Version::new(4, 5)),
            "ServiceTooOld" => by_cap(None, Version::new(1, 26)),
            "UnsupportedRPCVersion" => {
                Refused::TargetState(message.split(' ').next_back().unwrap().parse().unwrap())
            }
            "NovaException" if message.contains("reimage_boot_volume") => {
                Refused::ReimageBootVolume
            }
            "NovaException" if message.starts_with("Unable to find host") => Refused::NoHost,
            other => panic!("{other}: {message}"),
        })
    }
}

/// A message in the form of the recording.
fn recorded_form(sent: &Sent) -> Value {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    json!({
        "mode": if sent.is_call { "call" } else { "cast" },
        "exchange": sent.target.exchange_name(),
        "topic": sent.target.topic,
        "server": sent.target.server,
        "namespace": sent.message["namespace"],
        "fanout": sent.target.fanout,
        "version": sent.message["version"],
        "method": sent.message["method"],
        "args": sent.message["args"],
        "timeout": seconds(sent.timeout),
        "monitor": seconds(sent.monitor),
    })
}

/// Converts times to one kind of number.
fn with_times(mut message: Value) -> Value {
    for time in ["timeout", "monitor"] {
        message[time] = json!(message[time].as_f64());
    }
    message
}

async fn replay(method: &str, case: &Case) -> Outcome {
    match method {
        "nova.scheduler.select_destinations" => nova::select_destinations(case).await,
        "nova.compute.prep_resize" => nova::prep_resize(case).await,
        "nova.compute.rebuild_instance" => nova::rebuild_instance(case).await,
        "nova.compute.stop_instance" => nova::stop_instance(case).await,
        "nova.compute.confirm_resize" => nova::confirm_resize(case).await,
        "nova.conductor.attach_volume" => nova::attach_volume(case).await,
        "cinder.scheduler.migrate_volume" => others::migrate_volume(case).await,
        "cinder.volume.get_backup_device" => others::get_backup_device(case).await,
        "ironic.conductor.heartbeat" => others::heartbeat(case).await,
        "heat.engine.check_software_deployment" => others::check_software_deployment(case).await,
        "heat.engine.delete_stack" => others::delete_stack(case).await,
        "neutron.plugin.update_device_list" => others::update_device_list(case).await,
        "neutron.reports.report_state" => others::report_state(case).await,
        other => panic!("nobody replays {other}"),
    }
}

#[tokio::test]
async fn each_case_is_as_the_original_sends_it() {
    let recorded = recorded();
    let (mut replayed, mut impossible) = (0, Vec::new());
    let mut all = 0;
    for method in recorded["methods"].as_array().unwrap() {
        let name = method["name"].as_str().unwrap();
        for record in method["cases"].as_array().unwrap() {
            all += 1;
            let title = record["case"].as_str().unwrap();
            if let Some(reason) = IMPOSSIBLE
                .iter()
                .find(|(method, case, _)| (*method, *case) == (name, title))
            {
                impossible.push(reason);
                continue;
            }
            let case = Case::new(record);
            let outcome = replay(name, &case).await;
            let sent = case.sent.take_all();
            let wanted = record["sent"].as_array().unwrap().iter().cloned();
            assert_eq!(
                sent.iter().map(recorded_form).collect::<Vec<_>>(),
                wanted.map(with_times).collect::<Vec<_>>(),
                "sent by {name}: {title}"
            );
            assert_eq!(outcome, case.wanted(name), "outcome of {name}: {title}");
            replayed += 1;
        }
    }
    assert_eq!(impossible, IMPOSSIBLE.iter().collect::<Vec<_>>());
    assert_eq!(replayed + IMPOSSIBLE.len(), all);
    // The numbers of the present recording, so that a new one does not lose cases.
    assert_eq!((all, replayed), (156, 153));
}
