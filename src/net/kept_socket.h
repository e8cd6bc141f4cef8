// KeptSocket: a listening socket that outlives its server, offered to the next one under the name of its address.
//
// The name is that of an abstract Unix socket, which belongs to nobody and ends with its socket: both sides check that
// the other one's user is their own (SO_PEERCRED). It is seen within one network namespace, as the address is. The
// socket itself is passed on as a descriptor (SCM_RIGHTS, unix(7)).
#pragma once

#include <cstdint>

#include "base/descriptor.h"
#include "base/error.h"
#include "net/endpoint.h"

namespace ms::net {

struct KeptSocket {
  Descriptor socket;
  Descriptor offer;  // a Unix socket that listens under the name of the kept one's address
};

// kLocked: that name is taken.
Result<KeptSocket> offer_socket(Descriptor socket);

// Once someone has asked: whether whoever asked first has it now. Somebody else's user does not get it.
bool pass_on(const KeptSocket& kept);

// The listening socket that is offered for `endpoint`; empty where none is, or none is passed on within `wait_ms`.
// `is_both_families`: an IPv6 socket that takes IPv4 too.
Descriptor ask_for_socket(const Endpoint& endpoint, bool is_both_families, uint64_t wait_ms);

// Whether a TCP socket is an IPv6 one that takes IPv4 too.
bool is_both_families(int socket);

}  // namespace ms::net
