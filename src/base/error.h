// What a function that can fail hands back: std::expected<T, Error>.
//
// A code exists only where some caller acts differently on it; everything else a reader needs is in the message, which
// says what, where and what was found. Each layer adds its context once, with `with_context`.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace ms {

enum class ErrorCode {
  kInvalid,      // the input is bad: sending it again does not help (HTTP 400)
  kUnsupported,  // the input is well formed, and asks for what this build does not do (HTTP 422)
  kTooLarge,     // a stated limit is exceeded (HTTP 413)
  kUnavailable,  // not now: try again later (HTTP 503)
  kIo,           // the operating system failed us
  kLocked,       // another process holds it
  kNoSpace,      // the disk is full
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;

  // The same failure as seen from one layer up: "<context>: <message>".
  Error with_context(std::string_view context) && {
    message.insert(0, ": ");
    message.insert(0, context);
    return std::move(*this);
  }
};

template <class T>
using Result = std::expected<T, Error>;

// A refusal, ready to return from a function whose result is any Result<T>.
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

// A failed system call: "<what>: <strerror(errno)>"; ENOSPC and EDQUOT become kNoSpace, all else kIo.
std::unexpected<Error> fail_errno(std::string_view what, int error_number);

}  // namespace ms
