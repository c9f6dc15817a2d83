//! `trainer worker`: this machine's devices for a run on another one.

use std::{
    net::{IpAddr, SocketAddr},
    process::ExitCode,
};

use clap::Args;
use trainer::device::{
    DeviceKind,
    remote::{DEFAULT_PORT, End, News, Worker},
};

use super::{note::note, output::print, token::TokenArguments};

#[derive(Debug, Args)]
pub struct WorkerArguments {
    /// Address to listen at, with a port or without [default port: 29500], and the port after
    /// it for tensors; 0.0.0.0 is every address of this machine, and needs a token. Port 0 lets
    /// the system choose
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    listen: SocketAddr,
    /// Device: auto, cpu, cuda, rocm, metal, vulkan or wgpu, by what was compiled in
    #[arg(long, default_value_t = DeviceKind::Auto, value_name = "NAME")]
    device: DeviceKind,
    /// Which devices of that kind, counted from 0; the run uses them all
    #[arg(
        long,
        default_value = "0",
        value_delimiter = ',',
        value_name = "NUMBERS"
    )]
    devices: Vec<usize>,
    #[command(flatten)]
    token: TokenArguments,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let without_port = || text.parse::<IpAddr>().map(|ip| (ip, DEFAULT_PORT).into());
    text.parse().or_else(|_| without_port()).map_err(|_| {
        "expected an IP address such as 0.0.0.0, or one with a port such as 0.0.0.0:29500"
            .to_owned()
    })
}

pub fn run(arguments: &WorkerArguments) -> anyhow::Result<ExitCode> {
    let worker = Worker::bind(arguments.listen, arguments.token.token()?)?;
    let opened = arguments.device.open(&arguments.devices)?;
    note(format_args!("device   {opened}"));
    // The run may know where it is from elsewhere.
    if let Err(error) = print(worker.address()?.to_string()) {
        note(format_args!("warning: {error}"));
    }
    let end = worker.lend(opened.devices, |news| {
        note(match news {
            News::Taken(from) => format!("computes for the run from {from}"),
            News::WrongToken(from) => format!("refused a run from {from}: it has another token"),
            News::OtherVersion(from, version) => {
                format!("refused a run from {from}: it is trainer {version}")
            }
            News::EndsWithRun => "ends with the run; again to leave at once".to_owned(),
        });
    })?;
    Ok(match end {
        End::RunFinished => {
            note("the run is finished");
            ExitCode::SUCCESS
        }
        End::RunLeft => {
            note("the run is gone, before its end");
            ExitCode::FAILURE
        }
        End::Terminated => ExitCode::SUCCESS,
        End::Interrupted => ExitCode::from(130),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_may_be_left_out() {
        for (text, expected) in [
            ("0.0.0.0", "0.0.0.0:29500"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("::1", "[::1]:29500"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(address(text).unwrap().to_string(), expected);
        }
        assert!(address("node1").unwrap_err().contains("IP address"));
    }
}
