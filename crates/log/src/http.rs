//! Serving a log on a socket.
