#include "net/record.h"

namespace ms::net {

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kReplied:
      return "replied";
    case Outcome::kClosed:
      return "closed";
    case Outcome::kBroken:
      return "broken";
    case Outcome::kTimedOut:
      return "timed_out";
    case Outcome::kRefusedConnections:
      return "refused_connections";
    case Outcome::kRefusedQueue:
      return "refused_queue";
    case Outcome::kRefusedAge:
      return "refused_age";
    case Outcome::kRefusedDescriptors:
      return "refused_descriptors";
  }
  return "unknown";
}

}  // namespace ms::net
