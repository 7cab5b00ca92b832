//! One connection: read a frame, have it answered, write the answers in the order of the requests.
//!
//! One request of a connection is under way at a time, so the order of the answers comes for free. Requests that arrived
//! together are answered together: their answers leave in one write.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Instant;

use pybroker_wire::header::{API_VERSIONS, FETCH, PRODUCE, RequestHeader};
use pybroker_wire::{ErrorCode, WireError};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::counters::{add, count};
use crate::inbox::{Inbox, RoomError};
use crate::limits::REQUESTS_PER_TURN;
use crate::listener::ListenerInfo;
use crate::mailbox::ControlRequest;
use crate::outgoing::Outgoing;
use crate::produce::ProduceError;
use crate::reactor::{ConnectionEntry, Reactor};
use crate::replies::Answer;
use crate::shared::{ApiTable, Shared};
use crate::{fetch, produce};

/// Who asks, as authorization and quotas know it, before anything has authenticated.
const ANONYMOUS: &str = "User:ANONYMOUS";

/// What a request handler may know of its connection.
#[derive(Debug)]
pub(crate) struct ConnectionContext {
    pub(crate) shared: Arc<Shared>,
    pub(crate) connection_id: u64,
    pub(crate) listener: Arc<ListenerInfo>,
    pub(crate) client_host: Arc<str>,
    pub(crate) principal: Arc<str>,
    dialled_host: Arc<str>,
    dialled_port: u16,
}

#[cfg(test)]
impl ConnectionContext {
    /// A connection to a node, without a socket.
    pub(crate) fn without_socket(shared: Arc<Shared>, node_id: i32) -> Self {
        let name: Arc<str> = "PLAINTEXT".into();
        Self {
            shared,
            connection_id: 1,
            listener: Arc::new(ListenerInfo { node_id, name }),
            client_host: "127.0.0.1".into(),
            principal: ANONYMOUS.into(),
            dialled_host: "127.0.0.1".into(),
            dialled_port: 9092,
        }
    }
}

impl ConnectionContext {
    /// The address that the client reached this broker at.
    pub(crate) fn dialled_host(&self) -> &str {
        &self.dialled_host
    }
}

/// What of a request's header its answer depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLine {
    pub(crate) api_key: i16,
    pub(crate) api_version: i16,
    pub(crate) correlation_id: i32,
}

impl RequestLine {
    fn of(header: &RequestHeader<'_>) -> Self {
        let &RequestHeader { api_key, api_version, correlation_id, .. } = header;
        Self { api_key, api_version, correlation_id }
    }
}

/// A place among `max.connections`, given back when the connection's task ends, however it ends.
#[derive(Debug)]
pub(crate) struct Place(Arc<Shared>);

impl Place {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            count(&self.0.counters.bugs);
        }
        self.0.connections.leave();
    }
}

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The peer closed, the socket failed, or the broker is stopping.
    Closed,
    /// The peer does not speak the protocol.
    Fault(String),
    /// A produce that wants no answer failed; that the connection closes is all that its producer learns.
    Unacknowledged(ErrorCode),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<ProduceError> for End {
    fn from(error: ProduceError) -> Self {
        match error {
            ProduceError::Wire(error) => error.into(),
            ProduceError::Unacknowledged(code) => Self::Unacknowledged(code),
        }
    }
}

impl From<RoomError> for End {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::Wire(error) => error.into(),
            RoomError::NoMemory => {
                Self::Fault("no memory for its request: raise queued.max.request.bytes".to_owned())
            }
        }
    }
}

/// One connection and its task's state.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    context: ConnectionContext,
    reactor: Rc<Reactor>,
    entry: Rc<ConnectionEntry>,
    inbox: Inbox,
    outgoing: Outgoing,
    // The last client id, since a client sends the same one with every request.
    client_id: Option<Arc<str>>,
    kept_prefix: Vec<u8>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.entry.is_posting.set(false);
        self.reactor.connections.borrow_mut().remove(&self.context.connection_id);
    }
}

impl Connection {
    /// Take over an accepted socket.
    pub(crate) fn open(
        stream: std::net::TcpStream,
        listener: Arc<ListenerInfo>,
        shared: Arc<Shared>,
        reactor: Rc<Reactor>,
    ) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let stream = TcpStream::from_std(stream)?;
        let peer = stream.peer_addr()?.ip().to_canonical();
        let local = stream.local_addr()?;
        let dialled = SocketAddr::new(local.ip().to_canonical(), local.port());
        let connection_id = shared.next_connection_id.fetch_add(1, Ordering::Relaxed);
        let entry = Rc::new(ConnectionEntry {
            socket: stream.as_raw_fd(),
            node_id: listener.node_id,
            last_active: Instant::now().into(),
            is_busy: false.into(),
            is_posting: false.into(),
            posted: 0.into(),
        });
        reactor.connections.borrow_mut().insert(connection_id, Rc::clone(&entry));
        let kept_prefix = kept_prefix(&listener, ANONYMOUS, dialled);
        let context = ConnectionContext {
            connection_id,
            listener,
            client_host: peer.to_string().into(),
            principal: ANONYMOUS.into(),
            dialled_host: dialled.ip().to_string().into(),
            dialled_port: dialled.port(),
            shared,
        };
        let (inbox, outgoing) = (Inbox::default(), Outgoing::default());
        Ok(Self { stream, context, reactor, entry, inbox, outgoing, client_id: None, kept_prefix })
    }

    /// Serve until the connection ends.
    pub(crate) async fn run(mut self) {
        let end = self.serve().await;
        self.inbox.release(&self.reactor.buffers, &self.context.shared.memory);
        let shared = &self.context.shared;
        let reason = match end {
            Ok(()) | Err(End::Closed) => return,
            Err(End::Fault(reason)) => {
                count(&shared.counters.protocol_errors);
                reason
            }
            Err(End::Unacknowledged(code)) => {
                format!("a produce request with acks=0 failed: {code}")
            }
        };
        // What was answered before the fault still belongs to the client.
        let _ = self.outgoing.flush(&self.stream, &self.context.shared.cold_reads).await;
        shared.faults.report(
            &shared.mailbox,
            &self.context.client_host,
            &self.context.listener.name,
            reason,
        );
    }

    async fn serve(&mut self) -> Result<(), End> {
        let limit = self.context.shared.settings.socket_request_max_bytes;
        let mut turn = 0;
        loop {
            while let Some(frame) = self.inbox.next_frame(limit)? {
                self.entry.is_busy.set(true);
                self.answer(frame).await?;
                self.entry.is_busy.set(false);
                if self.outgoing.is_full() {
                    self.flush().await?;
                }
                turn += 1;
            }
            self.flush().await?;
            if turn >= REQUESTS_PER_TURN {
                turn = 0;
                tokio::task::yield_now().await;
            }
            self.receive(limit).await?;
        }
    }

    /// Read what has arrived, waiting for the first bytes of it.
    async fn receive(&mut self, limit: usize) -> Result<(), End> {
        let (pool, memory) = (&self.reactor.buffers, &self.context.shared.memory);
        loop {
            self.inbox.make_room(limit, pool, memory).await?;
            match self.inbox.read(&mut self.stream).await {
                Ok(Some(0)) => return Err(End::Closed),
                Ok(Some(received)) => {
                    add(&self.context.shared.counters.received_bytes, received);
                    self.entry.last_active.set(Instant::now());
                    return Ok(());
                }
                Ok(None) => {
                    self.inbox.park(pool);
                    self.stream.readable().await?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn flush(&mut self) -> Result<(), End> {
        if !self.outgoing.is_empty() {
            let sent = self.outgoing.flush(&self.stream, &self.context.shared.cold_reads).await?;
            add(&self.context.shared.counters.sent_bytes, sent);
            self.entry.last_active.set(Instant::now());
        }
        Ok(())
    }

    async fn answer(&mut self, frame: Range<usize>) -> Result<(), End> {
        let context = &self.context;
        count(&context.shared.counters.requests);
        let bytes = self.inbox.bytes_mut(frame.clone());
        let header = RequestHeader::decode(bytes)?;
        if self.client_id.as_deref() != header.client_id {
            self.client_id = header.client_id.map(Arc::from);
        }
        let request = RequestLine::of(&header);
        let body_at = header.body_position;
        let is_supported = is_supported(&context.shared.settings.apis, request)?;
        match request.api_key {
            PRODUCE => {
                count(&context.shared.counters.produce_requests);
                produce::answer(context, request, &mut bytes[body_at..], &mut self.outgoing)
                    .await?;
                Ok(())
            }
            FETCH => {
                count(&context.shared.counters.fetch_requests);
                let Some(delayed) =
                    fetch::answer(context, request, &bytes[body_at..], &mut self.outgoing)?
                else {
                    return Ok(());
                };
                self.begin_wait().await?;
                let answered = pin!(delayed.answer(&self.context, &mut self.outgoing));
                answered_before_close(&self.stream, answered).await
            }
            _ => {
                self.answer_from_control_plane(
                    request,
                    is_supported,
                    frame.start + body_at..frame.end,
                )
                .await
            }
        }
    }

    async fn answer_from_control_plane(
        &mut self,
        request: RequestLine,
        is_supported: bool,
        body: Range<usize>,
    ) -> Result<(), End> {
        let shared = &self.context.shared;
        let RequestLine { api_key, api_version, .. } = request;
        let body = self.inbox.bytes_mut(body);
        // Python answers an unsupported ApiVersions in version 0.
        let answered_version = if is_supported { api_version } else { 0 };
        let answered_as = RequestLine { api_version: answered_version, ..request };
        let epoch = shared.images.epoch();
        if let Some(kept) =
            self.reactor.kept.find(epoch, &self.kept_prefix, api_key, api_version, body)
        {
            count(&shared.counters.kept_answers);
            self.outgoing.push_answer(answered_as, &kept);
            return Ok(());
        }
        count(&shared.counters.control_requests);
        let body: Arc<[u8]> = Arc::from(&*body);
        let (request_id, answered) = self.reactor.waiting.register();
        let control_request = self.control_request(request_id, request, Arc::clone(&body));
        self.entry.is_posting.set(true);
        shared.mailbox.push_request(control_request).await;
        self.entry.is_posting.set(false);
        self.entry.posted.update(|posted| posted + 1);
        self.begin_wait().await?;
        match answered.await {
            Ok(Answer::Body { body: answer, kept_epoch }) => {
                if let Some(epoch) = kept_epoch {
                    self.reactor.kept.keep(
                        epoch,
                        &self.kept_prefix,
                        api_key,
                        api_version,
                        &body,
                        &answer,
                    );
                }
                self.outgoing.push_answer(answered_as, &answer);
                Ok(())
            }
            Ok(Answer::Disconnect) | Err(_) => Err(End::Closed),
        }
    }

    fn control_request(
        &self,
        request_id: u64,
        request: RequestLine,
        body: Arc<[u8]>,
    ) -> Box<ControlRequest> {
        let context = &self.context;
        Box::new(ControlRequest {
            request_id,
            connection_id: context.connection_id,
            node_id: context.listener.node_id,
            api_key: request.api_key,
            api_version: request.api_version,
            client_id: self.client_id.clone(),
            client_host: Arc::clone(&context.client_host),
            listener: Arc::clone(&context.listener.name),
            principal: Arc::clone(&context.principal),
            dialled_host: Arc::clone(&context.dialled_host),
            dialled_port: context.dialled_port,
            received_at_ms: context.shared.clock.monotonic_ms(),
            body,
        })
    }

    /// Send what is answered and give the receive buffer back, because the next answer has to wait.
    async fn begin_wait(&mut self) -> Result<(), End> {
        self.flush().await?;
        self.inbox.park(&self.reactor.buffers);
        Ok(())
    }
}

/// Wait for an answer that may take long, unless the peer closes: a fetch whose client is gone must not keep its place.
async fn answered_before_close(
    stream: &TcpStream,
    mut answered: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), End> {
    let mut closed = pin!(closed(stream));
    poll_fn(|context| {
        if answered.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        closed.as_mut().poll(context).map(|()| Err(End::Closed))
    })
    .await
}

/// Returns when the peer has closed. Never does when it sent more requests first: those are answered before anybody looks.
async fn closed(stream: &TcpStream) {
    loop {
        let mut byte = [MaybeUninit::uninit()];
        let peek = || socket2::SockRef::from(stream).peek(&mut byte);
        match stream.try_io(Interest::READABLE, peek) {
            Ok(0) => return,
            Ok(_) => std::future::pending().await,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if stream.readable().await.is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Whether the version is served, or an error when the connection must close, as Kafka closes it.
fn is_supported(apis: &ApiTable, request: RequestLine) -> Result<bool, End> {
    let RequestLine { api_key, api_version, .. } = request;
    let Some((min, max)) = apis.versions(api_key) else {
        return Err(End::Fault(format!("API key {api_key} is not served")));
    };
    match (min..=max).contains(&api_version) {
        true => Ok(true),
        // A client learns from the answer what we speak (KIP-35).
        false if api_key == API_VERSIONS => Ok(false),
        false => {
            Err(End::Fault(format!("version {api_version} of API key {api_key} is not served")))
        }
    }
}

/// What of a connection a kept answer may depend on.
fn kept_prefix(listener: &ListenerInfo, principal: &str, dialled: SocketAddr) -> Vec<u8> {
    format!("{}\0{}\0{principal}\0{dialled}\0", listener.node_id, listener.name).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Shutdown;
    use tokio::net::TcpListener;

    async fn pair() -> (std::net::TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn a_wait_ends_when_its_client_is_gone() {
        let (client, server) = pair().await;
        client.shutdown(Shutdown::Both).unwrap();
        let end = answered_before_close(&server, pin!(std::future::pending())).await;
        assert!(matches!(end, Err(End::Closed)));
    }

    #[tokio::test]
    async fn a_wait_goes_on_when_more_requests_come() {
        let (mut client, server) = pair().await;
        io::Write::write_all(&mut client, b"request").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        server.readable().await.unwrap();
        let mut turns = 0;
        let answered = poll_fn(|context| {
            turns += 1;
            context.waker().wake_by_ref();
            if turns == 100 { Poll::Ready(()) } else { Poll::Pending }
        });
        assert!(answered_before_close(&server, pin!(answered)).await.is_ok());
    }
}
