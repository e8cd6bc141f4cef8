// The socket calls that the tests' clients share.
#pragma once

#include <cstddef>

#include "base/descriptor.h"
#include "support/endpoint.h"

namespace ms::test {

// A non-blocking socket whose connect has begun, or none, with errno. The connect is done when it is writable and
// take_socket_error says 0.
Descriptor start_connect(const Endpoint& endpoint);

// A socket of 127.0.0.1 that listens on a port of the kernel's choice.
Descriptor listen_on_loopback(int backlog);

// The IPv4 address that a socket is bound to.
Endpoint local_endpoint(const Descriptor& socket);

// Allows this process as many descriptors as it may have.
void raise_descriptor_limit();

// Whether the address is there, and free to bind.
bool can_bind(const Endpoint& endpoint);

// SO_ERROR: the error that happened meanwhile, which this call clears; 0 for none.
int take_socket_error(int descriptor);

// Bytes that have arrived at the kernel for an IPv4 server's connections, and that it has not read yet. Of
// /proc/net/tcp.
size_t unread_bytes(const Endpoint& server);

}  // namespace ms::test
