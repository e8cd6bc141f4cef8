// What the configuration and the machine together come to: the options of each part.
#pragma once

#include <cstddef>

#include "api/work_pool.h"
#include "base/error.h"
#include "base/log.h"
#include "http/message.h"
#include "net/front_door.h"
#include "server/serve_options.h"
#include "storage/store.h"

namespace ms::server {

struct Plan {
  net::FrontDoorOptions front_door;
  storage::StoreOptions store;
  http::Limits limits;
  api::WorkPoolOptions queries;
  api::WorkPoolOptions heavy;
  api::WorkPoolOptions looks;
};

// `descriptors`: the process's limit. Of inherited sockets neither address nor, by default, backlog is chosen here.
Result<Plan> make_plan(const ServeConfig& config, size_t descriptors, bool is_inherited);

// One line with all of it, and a warning for what will not be as it was asked for.
void log_plan(const Logger& log, const ServeConfig& config, const Plan& plan);
// Those of the warnings that a reload may give as well.
void warn_of_descriptors(const Logger& log, const ServeConfig& config, const Plan& plan);

// `config`, with the plan's figures for the defaults that depend on the machine.
ServeConfig worked_out(ServeConfig config, const Plan& plan);

}  // namespace ms::server
