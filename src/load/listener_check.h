// Whether somebody listens, found out before anything is prepared for him.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "load/http_target.h"

namespace ms::load {

// Connects once from within that network namespace (empty: the caller's), and closes. kIo: the connect's error, after
// `timeout_ns` at the latest, or that the namespace cannot be entered.
Result<void> check_listener(const Target& target, const std::string& network_namespace, uint64_t timeout_ns);

}  // namespace ms::load
