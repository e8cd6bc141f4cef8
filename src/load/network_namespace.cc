#include "load/network_namespace.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

#include "base/descriptor.h"

namespace ms::load {

Result<void> enter_network_namespace(const std::string& name) {
  if (name.empty()) return {};
  const std::string path = "/run/netns/" + name;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || setns(file.get(), CLONE_NEWNET) != 0) {
    return fail_errno("load generator: network namespace " + path, errno);
  }
  return {};
}

}  // namespace ms::load
