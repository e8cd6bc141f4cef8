// Sockets that whoever started this process has opened for it, as systemd's socket activation does (sd_listen_fds(3)):
// the variables LISTEN_PID and LISTEN_FDS say for which process they are meant, and how many there are, from descriptor
// 3 on.
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "base/error.h"

namespace ms::server {

// Takes them over and clears the variables; none where they are not meant for this process. Call it before the first
// thread starts.
Result<std::vector<Descriptor>> take_inherited_sockets();

}  // namespace ms::server
