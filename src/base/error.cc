#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace ms {

std::unexpected<Error> fail_errno(std::string_view what, int error_number) {
  const bool is_full = error_number == ENOSPC || error_number == EDQUOT;
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(error_number);
  return fail(is_full ? ErrorCode::kNoSpace : ErrorCode::kIo, std::move(message));
}

}  // namespace ms
