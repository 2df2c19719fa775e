//! Full tiles of one directory, served by our log and by nginx, one worker each.

use std::fs;
use std::process::Command;

use super::saturation::OURS;
use super::{Bench, Failure, Limit, Pace, Server};
use crate::Outcome;
use crate::bench::median;
use crate::running::{Address, Kind, Recipe, free_port};

/// Entries of the log whose tiles are read: a full tile of level 1, and 256 of level 0 with their bundles.
const ENTRIES: u64 = 1 << 16;

const TURNS: usize = 3;
const CONNECTIONS: usize = 64;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let seconds = bench.seconds.unwrap_or(5.0);
    let requests = bench.load.requests("keys", ENTRIES)?;
    if !bench.sides.has(OURS) {
        return Ok(());
    }
    let mut recipe = bench.sides.recipe(OURS, &requests)?;
    // As nginx: one worker.
    recipe.command.env("TOKIO_WORKER_THREADS", "1");
    let server = Server::start(recipe)?;
    let fill = Pace { connections: 256, from: 0, limit: Limit::Count(ENTRIES), per_second: None };
    bench.load.run(&server, &requests, fill)?;
    let reads = bench.load.reads(&server.directory, 20_000)?;
    let nginx = Server::start(nginx(bench, &server)?)?;
    println!(
        "| Full tiles and bundles, {CONNECTIONS} connections | reads/s | MB/s | CPU per read |\n|---|---:|---:|---:|"
    );
    let mut cpu = [Vec::new(), Vec::new()];
    let mut rows = [String::new(), String::new()];
    for _ in 0..TURNS {
        for (at, server) in [&server, &nginx].into_iter().enumerate() {
            let limit = Limit::Seconds(seconds);
            let pace = Pace { connections: CONNECTIONS, from: 0, limit, per_second: None };
            let ran = bench.load.read(server, &reads, pace)?;
            rows[at] = format!(
                "| {} | {:.0} | {:.0} | {:.1} µs |",
                server.name,
                ran.per_second,
                ran.bytes / ran.answered * ran.per_second / 1e6,
                ran.cpu_us
            );
            cpu[at].push(ran.cpu_us);
        }
    }
    rows.iter().for_each(|row| println!("{row}"));
    let [ours, theirs] = cpu.map(median);
    let per_core = theirs / ours;
    bench.bar("tiles per core", "0.9 × nginx", format!("{per_core:.2} ×"), per_core >= 0.9);
    nginx.stop()?;
    bench.stop(OURS, server)?;
    Ok(())
}

/// nginx with one worker over the directory of a running log, set as a site of static files would be.
fn nginx(bench: &Bench, log: &Server) -> Result<Recipe, Failure> {
    let directory = bench.directory.join("nginx");
    fs::create_dir_all(&directory)?;
    let (port, here, root) = (free_port()?, directory.display(), log.directory.canonicalize()?);
    let configuration = directory.join("nginx.conf");
    fs::write(
        &configuration,
        format!(
            "daemon off; master_process off; worker_processes 1; pid {here}/pid; error_log {here}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;\n\
               open_file_cache max=4096; default_type application/octet-stream;\n\
               client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;\n\
               uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;\n\
               server {{ listen 127.0.0.1:{port}; root {}; }} }}\n",
            root.display()
        ),
    )?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&configuration).arg("-e").arg(directory.join("error.log"));
    Ok(Recipe {
        name: "nginx".into(),
        command,
        directory,
        address: Address::Known(format!("127.0.0.1:{port}")),
        kind: Kind::Signature,
        key: String::new(),
    })
}
