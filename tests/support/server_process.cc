#include "support/server_process.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "support/http_client.h"

namespace ms::test {
namespace {

constexpr seconds kStartTimeout{30};
constexpr size_t kLogTailBytes = 4096;

bool is_ready(const Endpoint& endpoint) {
  const ClientResult<HttpReply> reply = get(endpoint, "/ready");
  return reply && reply->status == 200;
}

std::string tail(const std::string& text) {
  return text.size() <= kLogTailBytes ? text : "..." + text.substr(text.size() - kLogTailBytes);
}

}  // namespace

std::string server_path() { return MS_SERVER; }

ServerProcess::~ServerProcess() {
  if (process_ != nullptr && testing::Test::HasFailure()) {
    std::printf("the server's log:\n%s\n", tail(process_->errors()).c_str());
  }
}

testing::AssertionResult ServerProcess::start() {
  Command command{.arguments = options_.launcher,
                  .environment = options_.environment,
                  .sockets = options_.sockets,
                  .descriptors_max = options_.descriptors_max};
  // Tests count what is in the store: of its own accord the server puts nothing there.
  command.arguments.insert(command.arguments.end(),
                           {server_path(), "serve", "--data-dir", data_dir_, "--self-metrics-interval", "off"});
  if (const char* architecture = std::getenv("MS_ARCHITECTURE")) {
    command.arguments.insert(command.arguments.end(), {"--architecture", architecture});
  }
  for (const std::string& address : options_.listen) {
    command.arguments.insert(command.arguments.end(), {"--listen", address});
  }
  command.arguments.insert(command.arguments.end(), options_.flags.begin(), options_.flags.end());
  process_ = std::make_unique<ChildProcess>(command);

  const bool listens = wait_until(kStartTimeout, [this] {
    endpoints_ = find_listening_addresses(process_->errors());
    return endpoints_.size() >= std::max<size_t>(options_.listen.size(), 1) || has_ended();
  });
  if (!listens || has_ended()) {
    return testing::AssertionFailure() << "the server does not listen; its log:\n" << tail(process_->errors());
  }
  const bool ready = wait_until(kStartTimeout, [this] { return is_ready(endpoint()) || has_ended(); });
  if (!ready || has_ended()) {
    return testing::AssertionFailure() << "the server does not become ready; its log:\n" << tail(process_->errors());
  }
  return testing::AssertionSuccess();
}

size_t ServerProcess::open_sockets() const {
  size_t sockets = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid()) + "/fd", error)) {
    if (std::filesystem::read_symlink(entry.path(), error).string().starts_with("socket:")) ++sockets;
  }
  return sockets;
}

std::vector<Endpoint> find_listening_addresses(const std::string& log) {
  std::vector<Endpoint> found;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kKey = " address=";
    const size_t key = line.find(kKey);
    if (lines.eof() || line.find(" msg=listening ") == std::string::npos || key == std::string::npos) continue;
    const size_t begin = key + kKey.size();
    const size_t end = line.find(' ', begin);
    if (const auto endpoint = parse_endpoint(line.substr(begin, end - begin))) found.push_back(*endpoint);
  }
  return found;
}

}  // namespace ms::test
