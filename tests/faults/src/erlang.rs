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

/// Reads lines of the form `NUMBER NODE EXPRESSIONS.` and writes each result on a line, after its number.
const LOOP: &str = r#"
Loop = fun Loop() ->
    case io:get_line("") of
        eof -> halt(0);
        Line ->
            [Number, Rest] = string:split(string:trim(Line), " "),
            [Node, Text] = string:split(Rest, " "),
            Answer = try
                {ok, Tokens, _} = erl_scan:string(Text),
                {ok, Parsed} = erl_parse:parse_exprs(Tokens),
                case rpc:call(list_to_atom(Node), erl_eval, exprs, [Parsed, []], 20000) of
                    {value, Value, _} -> {ok, Value};
                    Other -> {error, Other}
                end
            catch Class:Reason -> {error, {Class, Reason}} end,
            io:format("~s ~0p~n", [Number, Answer]),
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
    /// The number of the last line.
    last: u64,
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
            last: 0,
            _process: process,
        })))
    }

    /// Evaluates comma-separated expressions in `node`. Returns the value of the last one as Erlang prints it.
    pub(crate) async fn eval(&self, node: &str, expressions: &str) -> Result<String> {
        let mut ends = self.0.lock().await;
        let Ends {
            input,
            output,
            last,
            ..
        } = &mut *ends;
        *last += 1;
        let number = format!("{last} ");
        let line = format!("{number}{node} {}.\n", expressions.replace('\n', " "));
        let exchange = async {
            input.write_all(line.as_bytes()).await?;
            // The answer to a line whose caller has given up may come first.
            loop {
                let mut answer = String::new();
                if output.read_line(&mut answer).await? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                if let Some(answer) = answer.strip_prefix(&number) {
                    return std::io::Result::Ok(answer.trim().to_owned());
                }
            }
        };
        let answer = timeout(PATIENCE, exchange)
            .await
            .map_err(|_| format!("{node} does not answer to {expressions}"))??;
        let value = answer.strip_prefix("{ok,");
        match value.and_then(|value| value.strip_suffix('}')) {
            Some(value) => Ok(value.to_owned()),
            None => Err(format!("{node} on {expressions}: {answer}").into()),
        }
    }
}
