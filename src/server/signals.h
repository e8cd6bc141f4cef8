// The signals that main waits for; all of them are blocked in every thread.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>

namespace ms::server {

// Sent to the process by itself, once the store is open or cannot be.
inline constexpr int kStoreOpened = SIGUSR1;

// Before the first thread starts.
void block_signals();

// The next one of SIGTERM, SIGINT, SIGHUP and kStoreOpened; nothing where none has come for `timeout_ms`. 0: waits as
// long as it takes.
std::optional<int> wait_for_signal(uint64_t timeout_ms);

// Whether SIGTERM or SIGINT has come, and nobody has waited for it yet.
bool is_stop_pending();

// From now on a second SIGTERM or SIGINT ends the process at once. A SIGHUP still does not.
void unblock_stop_signals();

}  // namespace ms::server
