//! Each fault of the proxy, with a server that sends back the bytes that it gets.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::io::ErrorKind;
use std::time::Duration;

use rpc_faults::proxy::{Direction, End, Flow, Proxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait for something that must not happen.
const A_WHILE: Duration = Duration::from_millis(200);

async fn echoing() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
                let _ = writer.shutdown().await;
            });
        }
    });
    Proxy::start(target).await.unwrap()
}

async fn connect(proxy: &Proxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    echoes(&mut stream).await;
    stream
}

async fn echoes(stream: &mut TcpStream) {
    stream.write_all(b"hello").await.unwrap();
    let mut answer = [0; 5];
    let read = timeout(PATIENCE, stream.read_exact(&mut answer)).await;
    read.expect("it is echoed").unwrap();
    assert_eq!(&answer, b"hello");
}

async fn is_silent(stream: &mut TcpStream) {
    let read = timeout(A_WHILE, stream.read_u8()).await;
    assert!(read.is_err(), "{read:?}");
}

/// Reads all bytes until the end. Returns them, and the error at the end.
async fn rest(stream: &mut TcpStream) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let ended = read.expect("it ends");
    (bytes, ended.err().map(|error| error.kind()))
}

#[tokio::test]
async fn it_forwards_until_either_side_ends() {
    let proxy = echoing().await;
    let mut stream = connect(&proxy).await;
    assert_eq!(proxy.open(), 1);
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(rest(&mut stream).await, (b"last words".to_vec(), None));
    drop(stream);
    let gone = async {
        while proxy.open() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("nothing stays behind");
}

#[tokio::test]
async fn a_delay_does_not_limit_the_rate() {
    let proxy = echoing().await;
    let mut stream = connect(&proxy).await;
    proxy.flow(Direction::Down, Flow::Delay(Duration::from_millis(150)));
    let began = Instant::now();
    // Pieces of at most 16 kB, which are in flight at once. One after the other, they would take 18 s.
    let sent = vec![7; 2_000_000];
    let (mut reader, mut writer) = stream.split();
    let mut answer = vec![0; sent.len()];
    let echoed = async { tokio::join!(writer.write_all(&sent), reader.read_exact(&mut answer)) };
    let (written, read) = timeout(PATIENCE, echoed).await.expect("it is echoed");
    written.unwrap();
    read.unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(150), "{took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    proxy.heal();
    echoes(&mut stream).await;
}

#[tokio::test]
async fn a_throttle_limits_the_bytes_a_second() {
    let proxy = echoing().await;
    let mut stream = connect(&proxy).await;
    proxy.flow(Direction::Up, Flow::Throttle(20_000));
    let began = Instant::now();
    stream.write_all(&[7; 10_000]).await.unwrap();
    let mut answer = [0; 10_000];
    let read = timeout(PATIENCE, stream.read_exact(&mut answer)).await;
    read.expect("it is echoed").unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(400), "{took:?}");
}

#[tokio::test]
async fn held_bytes_come_when_the_direction_flows_again() {
    for direction in [Direction::Up, Direction::Down] {
        let proxy = echoing().await;
        let mut stream = connect(&proxy).await;
        proxy.flow(direction, Flow::Hold);
        stream.write_all(b"held").await.unwrap();
        is_silent(&mut stream).await;
        proxy.flow(direction, Flow::Forward);
        let mut answer = [0; 4];
        let read = timeout(PATIENCE, stream.read_exact(&mut answer)).await;
        read.expect("it flows again").unwrap();
        assert_eq!(&answer, b"held");
    }
}

#[tokio::test]
async fn it_ends_connections_by_fin_or_reset_and_takes_new_ones() {
    let proxy = echoing().await;
    for (end, seen) in [
        (End::Close, None),
        (End::Reset, Some(ErrorKind::ConnectionReset)),
    ] {
        let mut stream = connect(&proxy).await;
        proxy.end(end);
        assert_eq!(rest(&mut stream).await, (Vec::new(), seen));
        connect(&proxy).await;
    }
}

#[tokio::test]
async fn it_cuts_after_the_given_byte() {
    let proxy = echoing().await;
    for (direction, end) in [(Direction::Up, End::Close), (Direction::Down, End::Close)] {
        let mut stream = connect(&proxy).await;
        proxy.end_after(direction, 7, end);
        stream.write_all(b"0123456789").await.unwrap();
        let (bytes, ended) = rest(&mut stream).await;
        if direction == Direction::Down {
            assert_eq!(bytes, b"0123456");
        } else {
            // The bytes that went up may come back at the moment of the cut, or not.
            assert!(b"0123456".starts_with(&bytes), "{bytes:?}");
        }
        assert_eq!(ended, None);
        proxy.disarm();
    }
    let mut stream = connect(&proxy).await;
    proxy.end_after(Direction::Down, 3, End::Reset);
    stream.write_all(b"0123456789").await.unwrap();
    let (bytes, ended) = rest(&mut stream).await;
    assert!(b"012".starts_with(&bytes), "{bytes:?}");
    assert_eq!(ended, Some(ErrorKind::ConnectionReset));
    proxy.disarm();
    connect(&proxy).await;
}

#[tokio::test]
async fn it_refuses_new_connections_and_leaves_others_alone() {
    let proxy = echoing().await;
    let mut old = connect(&proxy).await;
    proxy.refuse(true);
    let refused = async {
        let mut stream = TcpStream::connect(proxy.address()).await?;
        stream.read_u8().await
    };
    let error = timeout(PATIENCE, refused)
        .await
        .expect("at once")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    echoes(&mut old).await;
    proxy.heal();
    connect(&proxy).await;
}

#[tokio::test]
async fn abandoned_connections_stay_silent_until_they_are_buried() {
    let proxy = echoing().await;
    let mut dead = connect(&proxy).await;
    proxy.abandon();
    dead.write_all(b"hello?").await.unwrap();
    is_silent(&mut dead).await;
    proxy.heal();
    is_silent(&mut dead).await;
    let mut alive = connect(&proxy).await;
    proxy.bury();
    let (bytes, ended) = rest(&mut dead).await;
    assert_eq!(
        (bytes, ended),
        (Vec::new(), Some(ErrorKind::ConnectionReset))
    );
    echoes(&mut alive).await;
}
