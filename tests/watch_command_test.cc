// `metricstream watch` against a real server: one frame, frames one after the other, and frames on a terminal.

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "support/child_process.h"
#include "support/endpoint.h"
#include "support/http_client.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr char kEscape = '\033';

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

size_t count(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

std::vector<std::string> watch_arguments(const Endpoint& server, const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {server_path(), "watch"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.push_back(server.text());
  return arguments;
}

// Whether the server has let the client in; a full one closes after its 503.
bool enter(std::optional<HttpClient>& client, const Endpoint& server) {
  ClientResult<HttpClient> connected = HttpClient::connect(server);
  if (!connected) return false;
  const ClientResult<HttpReply> reply = connected->request(request_text("GET", "/health"));
  if (!reply || reply->status != 200) return false;
  client = std::move(*connected);
  return true;
}

// What the front door tells of its refusals.
std::string refusals(HttpClient& client) {
  const ClientResult<HttpReply> reply = client.request(request_text("GET", "/api/v1/front-door"));
  if (!reply) return reply.error().message;
  const size_t begin = reply->body.find("\"refusals\":");
  return begin == std::string::npos ? reply->body : reply->body.substr(begin, reply->body.find(',', begin) - begin);
}

// The program on a terminal of its own, whose other end we hold.
class TerminalProcess {
 public:
  TerminalProcess(std::vector<std::string> arguments, winsize size) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int terminal = -1;
    pid_ = ::forkpty(&terminal, nullptr, nullptr, &size);
    if (pid_ == 0) {
      ::setenv("TERM", "xterm", 1);
      ::unsetenv("NO_COLOR");
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    terminal_ = Descriptor(terminal);
  }
  ~TerminalProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  TerminalProcess(const TerminalProcess&) = delete;
  TerminalProcess& operator=(const TerminalProcess&) = delete;

  void type(char key) const { EXPECT_EQ(::write(terminal_.get(), &key, 1), 1); }
  void resize(winsize size) const { EXPECT_EQ(::ioctl(terminal_.get(), TIOCSWINSZ, &size), 0); }

  // All that it has written since the last time until `part` is among it, or until it has ended or 20 s are over.
  std::string read_until(std::string_view part) const {
    std::string output;
    std::array<char, 4096> bytes{};
    wait_until(seconds(20), [&] {
      pollfd readable{.fd = terminal_.get(), .events = POLLIN, .revents = 0};
      while (!contains(output, part) && ::poll(&readable, 1, 0) == 1) {
        const ssize_t got = ::read(terminal_.get(), bytes.data(), bytes.size());
        if (got <= 0) return true;  // it has ended
        output.append(bytes.data(), static_cast<size_t>(got));
      }
      return contains(output, part);
    });
    return output;
  }

  // How it exited; empty where a signal ended it, or where it still runs after 20 s.
  std::optional<int> wait_exit() {
    int status = 0;
    if (!wait_until(seconds(20), [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return std::nullopt;
    pid_ = -1;
    return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
  }

 private:
  pid_t pid_ = -1;
  Descriptor terminal_;
};

TEST(Watch, OnceDrawsTheFrontDoorAndExits) {
  ServerProcess server({.flags = {"--workers", "3", "--backlog", "128"}});
  ASSERT_TRUE(server.start());
  ChildProcess watch({.arguments = watch_arguments(server.endpoint(), {"--once"})});
  const std::optional<ExitStatus> exit = watch.wait_exit(seconds(20));
  ASSERT_TRUE(exit);
  const std::string drawn = watch.output();
  EXPECT_EQ(exit->code, 0) << watch.errors();
  EXPECT_EQ(std::ranges::count(drawn, '\n'), 24) << drawn;
  EXPECT_FALSE(contains(drawn, std::string_view(&kEscape, 1))) << drawn;
  EXPECT_TRUE(contains(drawn, "Listen queue " + server.endpoint().text() + ": 0 of 128, 0 dropped")) << drawn;
  EXPECT_TRUE(contains(drawn, "MetricStream's front door (pool), up ")) << drawn;
  EXPECT_TRUE(contains(drawn, " of 3 serving")) << drawn;
  EXPECT_TRUE(contains(drawn, " Active sockets 1: ")) << "the connection that asks is one\n" << drawn;
}

TEST(Watch, OnceWithoutAServerExitsWith1AndSaysWhy) {
  const Endpoint nobody{.host = "127.0.0.1", .port = choose_free_port()};
  ChildProcess watch({.arguments = watch_arguments(nobody, {"--once"})});
  const std::optional<ExitStatus> exit = watch.wait_exit(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 1);
  EXPECT_EQ(watch.output(), "");
  EXPECT_TRUE(contains(watch.errors(), "http://" + nobody.text() + "/api/v1/front-door: Failed to connect"))
      << watch.errors();
  EXPECT_EQ(std::ranges::count(watch.errors(), '\n'), 1) << watch.errors();
}

TEST(Watch, OnceAtAPathWithoutAFrontDoorExitsWith1) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  ChildProcess watch({.arguments = {server_path(), "watch", "--once", server.endpoint().text() + "/elsewhere"}});
  const std::optional<ExitStatus> exit = watch.wait_exit(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 1);
  EXPECT_TRUE(contains(watch.errors(), "HTTP status 404")) << watch.errors();
}

TEST(Watch, OnceAsksAgainWhileItIsAnswered503) {
  for (const bool is_let_in : {true, false}) {
    ServerProcess server({.flags = {"--max-connections", "1"}});
    ASSERT_TRUE(server.start());
    std::optional<HttpClient> inside;
    ASSERT_TRUE(wait_until(seconds(20), [&] { return enter(inside, server.endpoint()); }));
    const std::string before = refusals(*inside);
    ChildProcess watch({.arguments = watch_arguments(server.endpoint(), {"--once"})});
    EXPECT_TRUE(wait_until(seconds(20), [&] { return refusals(*inside) != before; }));
    if (is_let_in) inside.reset();
    const std::optional<ExitStatus> exit = watch.wait_exit(seconds(20));
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, is_let_in ? 0 : 1) << watch.errors();
    EXPECT_EQ(contains(watch.output(), "MetricStream's front door"), is_let_in) << watch.output();
    EXPECT_EQ(contains(watch.errors(), "HTTP status 503"), !is_let_in) << watch.errors();
  }
}

TEST(Watch, GoesOnTryingWhileTheServerIsAway) {
  ServerProcess server({.listen = {"127.0.0.1:" + std::to_string(choose_free_port())}});
  ASSERT_TRUE(server.start());
  ChildProcess watch({.arguments = watch_arguments(server.endpoint(), {"--interval", "50ms"})});
  const auto frames = [&] { return count(watch.output(), "MetricStream's front door"); };
  EXPECT_TRUE(wait_until(seconds(20), [&] { return frames() >= 3; })) << watch.output();

  server.signal(SIGKILL);
  ASSERT_TRUE(server.wait_exit(seconds(20)));
  EXPECT_TRUE(wait_until(seconds(20), [&] { return contains(watch.output(), "Failed to connect"); })) << watch.errors();

  ASSERT_TRUE(server.start());
  const size_t before = frames();
  EXPECT_TRUE(wait_until(seconds(20), [&] { return frames() > before; })) << watch.output();

  watch.signal(SIGTERM);
  const std::optional<ExitStatus> exit = watch.wait_exit(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
  EXPECT_EQ(watch.errors(), "");
  EXPECT_FALSE(contains(watch.output(), std::string_view(&kEscape, 1)));
}

TEST(Watch, OnATerminalItFollowsTheSizeAndGivesTheTerminalBack) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  TerminalProcess watch(watch_arguments(server.endpoint(), {"--interval", "50ms"}), {.ws_row = 24, .ws_col = 80});
  const std::string small = watch.read_until("Stages");
  EXPECT_TRUE(small.starts_with("\033[?1049h\033[?25l")) << small;
  EXPECT_TRUE(contains(small, "\033[0;1mMetricStream's front door\033[0m")) << "no colour on a terminal";

  // The lower right corner stands at the end of the last line, at column 120.
  watch.resize({.ws_row = 40, .ws_col = 120});
  std::string border = "└";
  for (int column = 0; column < 118; ++column) border += "─";
  EXPECT_TRUE(contains(watch.read_until(border + "┘"), border));

  constexpr char kCtrlC = '\003';
  watch.type(kCtrlC);
  EXPECT_TRUE(contains(watch.read_until("\033[?25h\033[?1049l"), "\033[?25h\033[?1049l"));
  EXPECT_EQ(watch.wait_exit(), 0);
}

}  // namespace
}  // namespace ms::test
