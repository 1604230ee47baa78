//! Logins with a password, which lapin does not know.

use super::*;

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
async fn each_mechanism_lets_in_the_right_password_and_no_other() {
    let credentials = credentials();
    let (user, password) = credentials.split_once(':').unwrap();
    for method in ["PLAIN", "AMQPLAIN"] {
        cast_as(user, password, method).await.unwrap();
        // What lapin is told instead, nothing at all, and one that is too long for any small buffer.
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
