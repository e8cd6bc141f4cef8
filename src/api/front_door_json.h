// The answers of the front door's API as JSON; docs/front-door-api.md describes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/work_pool.h"
#include "net/front_door_state.h"
#include "net/record.h"

namespace ms::api {

// `heavy`: the pool for heavy bodies.
std::string write_state(const net::FrontDoorState& state, const WorkPool& heavy, int64_t now_unix_ms);

// The first `limit` connections that left `records`, by number, each with its requests. `newest` is the number of the
// last connection that was accepted.
std::string write_connections(std::vector<net::Record> records, uint64_t newest, size_t limit);

}  // namespace ms::api
