// Network namespaces as ip-netns(8) names them.
#pragma once

#include <string>

#include "base/error.h"

namespace ms::load {

// For the calling thread alone; an empty name leaves it where it is. Needs CAP_SYS_ADMIN.
Result<void> enter_network_namespace(const std::string& name);

}  // namespace ms::load
