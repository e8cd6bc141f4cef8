#include "net/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "base/descriptor.h"

namespace ms::net {

Result<size_t> raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno("getrlimit RLIMIT_NOFILE", errno);
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kDescriptorsMax);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno("setrlimit RLIMIT_NOFILE", errno);
  }
  return std::min<size_t>(limit.rlim_cur, kDescriptorsMax);
}

Result<void> grow_descriptor_table(size_t count) {
  const Descriptor any(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!any) return fail_errno("open /dev/null", errno);
  const Descriptor last(fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(count - 1)));
  if (!last) return fail_errno("grow the descriptor table to " + std::to_string(count), errno);
  return {};
}

}  // namespace ms::net
