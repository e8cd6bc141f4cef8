#include "watch/signal_descriptor.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ms::watch {

Result<SignalDescriptor> SignalDescriptor::open() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH}) sigaddset(&signals, number);
  Descriptor descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor) return fail_errno("signalfd", errno);
  sigset_t before;
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, &before)) return fail_errno("pthread_sigmask", error);
  return SignalDescriptor(std::move(descriptor), before);
}

SignalDescriptor::~SignalDescriptor() {
  if (descriptor_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> SignalDescriptor::take() {
  signalfd_siginfo info{};
  if (::read(descriptor_.get(), &info, sizeof(info)) != sizeof(info)) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace ms::watch
