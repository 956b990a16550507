//! nginx as a plain `proxy_pass`, one process, when it is on the PATH.
//! It never touches the machine's own nginx: configuration, logs and pid live in a scratch folder.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::pinning::Pinning;

/// Writes the configuration into `folder` and returns the command that serves it.
pub(crate) fn command(
    pinning: &Pinning,
    folder: &Path,
    port: u16,
    upstream: SocketAddr,
) -> io::Result<Command> {
    let place = folder.display();
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid {place}/nginx.pid;\nerror_log {place}/error.log;\n\
         events {{ worker_connections 8192; }}\n\
         http {{\n  access_log off;\n  client_max_body_size 64m;\n  client_body_buffer_size 256k;\n  client_body_temp_path \
         {place}/body;\n  proxy_temp_path {place}/proxy;\n  fastcgi_temp_path {place}/f;\n  \
         uwsgi_temp_path {place}/u;\n  scgi_temp_path {place}/s;\n  keepalive_requests 100000000;\n  \
         tcp_nodelay on;\n  \
         upstream provider {{ server {upstream}; keepalive 4096; keepalive_requests 100000000; }}\n  \
         server {{\n    listen 127.0.0.1:{port};\n    location / {{\n      proxy_pass \
         http://provider;\n      proxy_http_version 1.1;\n      proxy_set_header Connection \
         \"\";\n      proxy_buffering off;\n      proxy_request_buffering off;\n    }}\n  }}\n}}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration)?;
    let mut command = pinning.gateway("nginx");
    command.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(file);
    Ok(command)
}

/// Whether there is an nginx to compare with.
pub(crate) fn is_here() -> bool {
    Command::new("nginx").arg("-v").output().is_ok_and(|output| output.status.success())
}
