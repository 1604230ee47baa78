//! Logging in with a password, which lapin never gets.

use std::process::Command;
use std::sync::{Arc, Mutex};

use rpc_runtime::transport::{Credentials, CredentialsProvider};

use super::*;

/// Runs `rabbitmqctl` on the broker.
fn rabbitmqctl(arguments: &[&str]) {
    let command = std::env::var("RPC_TEST_RABBITMQCTL").expect("RPC_TEST_RABBITMQCTL is set");
    let output = Command::new(command).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A provider of credentials, whose password can be replaced by an error.
#[derive(Clone)]
struct Vault {
    user: String,
    password: Arc<Mutex<Result<String, &'static str>>>,
}

impl Vault {
    fn set(&self, password: Result<&str, &'static str>) {
        *self.password.lock().unwrap() = password.map(str::to_owned);
    }
}

#[async_trait::async_trait]
impl CredentialsProvider for Vault {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        let password = self.password.lock().unwrap().clone()?;
        Ok(Credentials::new(&*self.user, password))
    }
}

/// A user of the broker. Dropping it deletes the user.
struct User(String);

impl User {
    fn add(password: &str) -> Self {
        let user = Self(topic());
        rabbitmqctl(&["add_user", &user.0, password]);
        rabbitmqctl(&["set_permissions", "-p", "/", &user.0, ".*", ".*", ".*"]);
        user
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            rabbitmqctl(&["delete_user", &self.0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_reconnect_asks_the_provider_for_a_rotated_password() {
    let user = User::add("old-hunter2");
    let vault = Vault {
        user: user.0.clone(),
        password: Arc::new(Mutex::new(Ok("old-hunter2".into()))),
    };
    let relay = Relay::to(&broker()).await;
    let transport = Transport::builder(&format!("rabbit://{}/", relay.address()))
        .credentials(vault.clone())
        .build()
        .unwrap();
    let target = Target::new(topic());
    let serving = serve(listen(&transport, &target.clone().server("s")).await, "s");
    assert_eq!(call(&transport, &target).await.unwrap(), "s");
    let fails_with = |why: &'static str| {
        let (transport, target) = (transport.clone(), target.clone());
        async move {
            let mut state = transport.state();
            while !format!("{state:?}").contains(why) {
                let changed = timeout(LONG, transport.state_changed(&state)).await;
                state = changed.expect("another state in time");
            }
            let short = terms(Duration::from_secs(2));
            let called = transport.driver().call(&target, request("m"), &short).await;
            let error = called.unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    };

    rabbitmqctl(&["change_password", &user.0, "new-hunter2"]);
    // An established connection is not affected.
    assert_eq!(call(&transport, &target).await.unwrap(), "s");
    relay.cut();
    fails_with("ACCESS_REFUSED").await;
    vault.set(Err("the vault is sealed"));
    relay.cut();
    fails_with("the provider of credentials failed: the vault is sealed").await;
    vault.set(Ok("new-hunter2"));
    assert_eq!(call(&transport, &target).await.unwrap(), "s");
    transport.close().await;
    serving.await.unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn connect_reports_at_start_up_whether_the_broker_accepts_the_login() {
    let transport = transport("");
    transport.connect().await.unwrap();
    assert!(transport.state().is_connected());
    transport.close().await;
    assert!(matches!(
        transport.connect().await,
        Err(Error::Closed { .. })
    ));

    let refusing = relay::closed_address().await.to_string();
    for (address, password, why) in [
        (broker(), "hunter2", "ACCESS_REFUSED"),
        (refusing, "x", "refused"),
    ] {
        let transport = Transport::new(&format!("rabbit://nobody:{password}@{address}/")).unwrap();
        let connected = timeout(LONG, transport.connect()).await;
        let error = connected.expect("an answer in time").unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }) && error.is_retryable());
        let text = error.to_string();
        assert!(
            text.contains(&address) && text.contains(why) && !text.contains("hunter2"),
            "{text}"
        );
        transport.close().await;
    }
}

async fn cast_as(user: &str, password: &str, method: &str) -> Result<(), Error> {
    let url = format!(
        "rabbit://{user}:{password}@{}/?rabbit_login_method={method}",
        broker()
    );
    let transport = Transport::new(&url).unwrap();
    let terms = casting(Retry::Times(0), false);
    let outcome = transport
        .driver()
        .send(&Target::new("t"), request("m"), &terms)
        .await;
    transport.close().await;
    outcome
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn each_mechanism_accepts_only_the_right_password() {
    let credentials = credentials();
    let (user, password) = credentials.split_once(':').unwrap();
    for method in ["PLAIN", "AMQPLAIN"] {
        cast_as(user, password, method).await.unwrap();
        // The placeholder that lapin gets, an empty password, a wrong one, and one that is too long for a
        // small buffer.
        for wrong in ["***", "", "hunter2", &"hunter2".repeat(200)] {
            let error = cast_as(user, wrong, method).await.unwrap_err().to_string();
            let hint = format!("check user `{user}`, its password, and `rabbit_login_method`");
            assert!(
                error.contains("ACCESS_REFUSED") && error.contains(&hint),
                "{error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
