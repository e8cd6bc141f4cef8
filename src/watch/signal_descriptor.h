// SignalDescriptor: the signals of a program that draws on a terminal, as something to poll for.
//
// While it lives, SIGINT, SIGTERM, SIGHUP, SIGTSTP and SIGWINCH are blocked in the thread that made it and in those it
// starts, and are read from here instead of ending or stopping the process.
#pragma once

#include <signal.h>

#include <optional>

#include "base/descriptor.h"
#include "base/error.h"

namespace ms::watch {

class SignalDescriptor {
 public:
  static Result<SignalDescriptor> open();
  SignalDescriptor(SignalDescriptor&&) noexcept = default;
  SignalDescriptor& operator=(SignalDescriptor&&) = delete;
  ~SignalDescriptor();

  // Readable where a signal has come.
  int fd() const { return descriptor_.get(); }

  // The number of a signal that has come, once.
  std::optional<int> take();

 private:
  SignalDescriptor(Descriptor descriptor, sigset_t before) : descriptor_(std::move(descriptor)), before_(before) {}

  Descriptor descriptor_;
  sigset_t before_;
};

}  // namespace ms::watch
