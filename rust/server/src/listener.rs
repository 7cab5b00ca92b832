//! Listening sockets: which addresses a listener binds, and accepting connections for the reactors.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};

use crate::counters::count;
use crate::limits::{ACCEPT_PAUSE, LISTEN_BACKLOG};
use crate::shared::Shared;

/// A listener as its connections know it.
#[derive(Debug)]
pub(crate) struct ListenerInfo {
    pub(crate) node_id: i32,
    pub(crate) name: Arc<str>,
}

/// Bind a listener on every address of its host; an empty host means all addresses of both families.
pub(crate) fn bind(host: &str, port: u16) -> io::Result<Vec<TcpListener>> {
    if host.is_empty() {
        let any = |address: IpAddr| bind_address(SocketAddr::new(address, port));
        return match any(Ipv6Addr::UNSPECIFIED.into()) {
            Ok(listener) => Ok(vec![listener]),
            // A port in use is final; a machine without IPv6 says something else.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
            Err(_) => Ok(vec![any(Ipv4Addr::UNSPECIFIED.into())?]),
        };
    }
    let mut bound: Vec<TcpListener> = Vec::new();
    let mut refused = None;
    for mut address in (host, port).to_socket_addrs()? {
        if let (0, Some(first)) = (port, bound.first()) {
            address.set_port(first.local_addr()?.port());
        }
        if bound.iter().any(|other| other.local_addr().is_ok_and(|other| other == address)) {
            continue;
        }
        match bind_address(address) {
            Ok(listener) => bound.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    match (bound.is_empty(), refused) {
        (false, _) => Ok(bound),
        (true, refused) => Err(refused.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())),
    }
}

fn bind_address(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    } else if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    Ok(socket.into())
}

/// Accept until the task is dropped, and hand connections to the reactors in turn.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener, info: Arc<ListenerInfo>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            return shared.faults.report(&shared.mailbox, "-", &info.name, error.to_string());
        }
    };
    loop {
        // At the limit, connections wait in the backlog, as Kafka's do.
        shared.connections.wait_for_place().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                count(&shared.counters.connections_accepted);
                if let Ok(stream) = stream.into_std() {
                    shared.connections.enter();
                    shared.next_reactor().hand_over(stream, Arc::clone(&info));
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                shared.faults.report(
                    &shared.mailbox,
                    "-",
                    &info.name,
                    format!("cannot accept: {error}"),
                );
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn an_empty_host_answers_on_both_families() {
        let listeners = bind("", 0).unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        TcpStream::connect(("127.0.0.1", port)).unwrap();
    }

    #[test]
    fn a_host_with_several_addresses_gets_one_port() {
        let listeners = bind("localhost", 0).unwrap();
        let ports: Vec<u16> =
            listeners.iter().map(|one| one.local_addr().unwrap().port()).collect();
        assert!(ports.iter().all(|&port| port == ports[0]));
    }

    #[test]
    fn a_port_in_use_is_refused() {
        let listeners = bind("", 0).unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        assert_eq!(bind("", port).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
