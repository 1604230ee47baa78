//! Evaluates Erlang in the brokers, in about a millisecond.
//!
//! `rabbitmqctl` takes a second of processor time for each command, which would be the greatest load in the laboratory.
//! This is one small Erlang node that keeps running and does the same as `rabbitmqctl eval`.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::Result;

/// Reads lines of the form `NODE EXPRESSIONS.` and writes each result on a line.
const LOOP: &str = r#"
Loop = fun Loop() ->
    case io:get_line("") of
        eof -> halt(0);
        Line ->
            [Node, Text] = string:split(string:trim(Line), " "),
            Answer = try
                {ok, Tokens, _} = erl_scan:string(Text),
                {ok, Parsed} = erl_parse:parse_exprs(Tokens),
                case rpc:call(list_to_atom(Node), erl_eval, exprs, [Parsed, []], 20000) of
                    {value, Value, _} -> {ok, Value};
                    Other -> {error, Other}
                end
            catch Class:Reason -> {error, {Class, Reason}} end,
            io:format("~0p~n", [Answer]),
            Loop()
    end
end,
Loop().
"#;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The Erlang node. It ends when dropped, or with this process.
#[derive(Debug)]
pub(crate) struct Erlang(Mutex<Ends>);

#[derive(Debug)]
struct Ends {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _process: Child,
}

impl Erlang {
    /// Starts it as `name`, with the cookie and the epmd of the brokers.
    pub(crate) fn start(name: &str, environment: &[(String, String)]) -> Result<Self> {
        let mut process = Command::new("erl")
            .args(["-noshell", "-hidden", "-connect_all", "false"])
            .args(["-kernel", "inet_dist_use_interface", "{127,0,0,1}"])
            .args(["-sname", name, "-eval", &LOOP.replace('\n', " ")])
            .envs(environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("erl has no pipes".into());
        };
        Ok(Self(Mutex::new(Ends {
            input,
            output: BufReader::new(output),
            _process: process,
        })))
    }

    /// Evaluates comma-separated expressions in `node`. Returns the value of the last one as Erlang prints it.
    pub(crate) async fn eval(&self, node: &str, expressions: &str) -> Result<String> {
        let mut ends = self.0.lock().await;
        let line = format!("{node} {}.\n", expressions.replace('\n', " "));
        let mut answer = String::new();
        let exchange = async {
            ends.input.write_all(line.as_bytes()).await?;
            ends.output.read_line(&mut answer).await
        };
        timeout(PATIENCE, exchange)
            .await
            .map_err(|_| format!("{node} does not answer to {expressions}"))??;
        let value = answer.trim().strip_prefix("{ok,");
        match value.and_then(|value| value.strip_suffix('}')) {
            Some(value) => Ok(value.to_owned()),
            None => Err(format!("{node} on {expressions}: {}", answer.trim()).into()),
        }
    }
}
