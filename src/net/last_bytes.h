// What the kernel says of the bytes that a connection has received.
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

}  // namespace ms::net
