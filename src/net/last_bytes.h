// What the kernel says of the bytes that a connection has received, and of the end that it has sent.
#pragma once

#include <cstdint>

namespace ms::net {

// How long ago, at least: TCP_INFO's tcpi_last_data_recv, which counts from the handshake where no bytes have come. The
// kernel counts in ticks of its own (4 ms at CONFIG_HZ=250), and up to one of them may be too much: it is taken off. 0
// where the kernel does not say.
uint64_t since_last_bytes_ns(int fd);

// Whether there are some that were not read.
bool has_unread_bytes(int fd);

// Whether all of them were read, and the peer has sent FIN.
bool has_peer_ended(int fd);

// Whether our FIN, and so all that was sent before it, is with the client's kernel, whose own end is still to come.
// What the client sends from then on it sends behind the end that it could have seen, and a reset cannot hide that end.
bool is_end_acknowledged(int fd);

}  // namespace ms::net
