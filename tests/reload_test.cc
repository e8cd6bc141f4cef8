// The configuration file, and SIGHUP, which reads it again.

#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <string>
#include <vector>

#include "support/child_process.h"
#include "support/http_client.h"
#include "support/metrics_page.h"
#include "support/remote_protocol.h"
#include "support/server_process.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace ms::test {
namespace {

class Reload : public testing::Test {
 protected:
  void write_settings(const std::string& text) const { write_whole_file(path(), text); }
  std::string path() const { return files_.file("settings.toml"); }

  // Sends the signal and waits for what the server says to it.
  static testing::AssertionResult reload(const ServerProcess& server, const std::string& answer) {
    const size_t before = server.log().size();
    server.signal(SIGHUP);
    const bool said = wait_until(seconds(30), [&] { return server.log().find(answer, before) != std::string::npos; });
    if (said) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "the server does not say " << answer << "; its log:\n" << server.log();
  }
  static double figure(const ServerProcess& server, const std::string& name) {
    const auto reply = get(server.endpoint(), "/metrics");
    return reply ? read_samples(reply->body)[name] : -1;
  }
  static bool has_line(const ServerProcess& server, const std::string& part) {
    return server.log().find(part) != std::string::npos;
  }

  const TempDir files_;
};

constexpr const char* kReloaded = "msg=\"configuration reloaded\"";

TEST_F(Reload, WhatCanChangeDoesAndTheRestIsNamed) {
  write_settings("queue-target = \"60ms\"\nworkers = 2\nmax-series = 1\nmin-free-disk = \"1MiB\"\n");
  ServerProcess server({.flags = {"--config", path()}});
  ASSERT_TRUE(server.start());
  EXPECT_DOUBLE_EQ(figure(server, "metricstream_connection_queue_target_seconds"), 0.06);
  const std::string two = json_write_text(R"([{"name":"a","value":1},{"name":"b","value":1}])");
  EXPECT_EQ(fetch(server.endpoint(), two)->status, 400) << "one series is the most";

  write_settings(
      "queue-target = \"20ms\"\nworkers = 3\nmax-series = 5\nmin-free-disk = \"1MiB\"\nmax-connections = 99\n"
      "connection-queue = 98\n");
  ASSERT_TRUE(reload(server, kReloaded));
  EXPECT_DOUBLE_EQ(figure(server, "metricstream_connection_queue_target_seconds"), 0.02);
  EXPECT_EQ(figure(server, "metricstream_connections_limit"), 99);
  EXPECT_EQ(figure(server, "metricstream_connection_queue_limit"), 98);
  EXPECT_EQ(fetch(server.endpoint(), two)->status, 200);
  EXPECT_TRUE(has_line(server, "msg=\"setting changed\" setting=queue-target from=60ms to=20ms"));
  EXPECT_TRUE(has_line(server, "msg=\"setting changed\" setting=max-series from=1 to=5"));
  EXPECT_TRUE(has_line(server, "msg=\"this setting changes with a restart only\" setting=workers now=2 then=3"));
  EXPECT_TRUE(has_line(server, "changed=4 need_restart=1"));

  write_settings(
      "queue-target = \"20ms\"\nworkers = 2\nmax-series = 5\nmin-free-disk = \"1000TiB\"\nmax-connections = 99\n"
      "connection-queue = 98\n");
  ASSERT_TRUE(reload(server, kReloaded));
  EXPECT_EQ(fetch(server.endpoint(), two)->status, 503) << "the disk is full, by that setting";
}

TEST_F(Reload, MoreConnectionsThanDescriptorsAreWarnedOf) {
  write_settings("");
  ServerProcess server({.flags = {"--config", path()}, .descriptors_max = 1000});
  ASSERT_TRUE(server.start());
  const double limit = figure(server, "metricstream_connections_limit");
  write_settings("max-connections = 5000\n");
  ASSERT_TRUE(reload(server, "msg=\"--max-connections is more than the descriptor limit allows"));
  EXPECT_TRUE(has_line(server, "asked=5000"));
  EXPECT_EQ(figure(server, "metricstream_connections_limit"), limit);
}

TEST_F(Reload, AFlagGoesOnWinningAndASettingThatIsGoneIsItsDefaultAgain) {
  write_settings("queue-target = \"60ms\"\nqueue-deadline = \"2s\"\n");
  ServerProcess server({.flags = {"--config", path(), "--queue-target", "30ms"}});
  ASSERT_TRUE(server.start());
  write_settings("queue-target = \"20ms\"\n");
  ASSERT_TRUE(reload(server, kReloaded));
  EXPECT_DOUBLE_EQ(figure(server, "metricstream_connection_queue_target_seconds"), 0.03);
  EXPECT_DOUBLE_EQ(figure(server, "metricstream_connection_queue_deadline_seconds"), 1);
}

TEST_F(Reload, AFileThatIsWrongChangesNothing) {
  write_settings("queue-target = \"60ms\"\n");
  ServerProcess server({.flags = {"--config", path()}});
  ASSERT_TRUE(server.start());
  write_settings("queue-deadline = \"2s\"\nqueue-target = \"soon\"\n");
  ASSERT_TRUE(reload(server, "level=error msg=\"the configuration is not reloaded"));
  EXPECT_TRUE(has_line(server, path() + ":2: --queue-target"));
  EXPECT_DOUBLE_EQ(figure(server, "metricstream_connection_queue_target_seconds"), 0.06);
  EXPECT_DOUBLE_EQ(figure(server, "metricstream_connection_queue_deadline_seconds"), 1);
}

TEST_F(Reload, TheLevelOfTheLogChangesBothWays) {
  write_settings("log-level = \"info\"\n");
  ServerProcess server({.flags = {"--config", path()}});
  ASSERT_TRUE(server.start());
  write_settings("log-level = \"error\"\n");
  ASSERT_TRUE(reload(server, "setting=log-level from=info to=error"));
  write_settings("log-level = \"error\"\nqueue-target = \"20ms\"\n");
  server.signal(SIGHUP);
  EXPECT_TRUE(
      wait_until(seconds(30), [&] { return figure(server, "metricstream_connection_queue_target_seconds") == 0.02; }));
  write_settings("log-level = \"info\"\nqueue-target = \"20ms\"\n");
  ASSERT_TRUE(reload(server, "setting=log-level from=error to=info"));
  EXPECT_FALSE(has_line(server, "setting=queue-target")) << "that was none of the errors";
}

TEST_F(Reload, WhatTheFrontDoorsApiChangedGoesBackToTheFile) {
  write_settings("queue-target = \"60ms\"\n");
  ServerProcess server({.flags = {"--config", path()}});
  ASSERT_TRUE(server.start());
  const std::string change = request_text("POST", "/api/v1/front-door/settings", R"({"queue_target_ms":10})");
  ASSERT_EQ(fetch(server.endpoint(), change)->status, 200);
  ASSERT_TRUE(reload(server, kReloaded));
  EXPECT_TRUE(has_line(server, "setting=queue-target from=10ms to=60ms"));
  EXPECT_DOUBLE_EQ(figure(server, "metricstream_connection_queue_target_seconds"), 0.06);
}

TEST_F(Reload, WithoutAFileThereIsNothingToReload) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(reload(server, "there is nothing to reload"));
  EXPECT_EQ(get(server.endpoint(), "/ready")->status, 200);
}

// While it waits for the lock of the data directory it is being started.
TEST_F(Reload, DuringTheStartItIsDoneOnceTheStoreIsOpen) {
  write_settings("queue-target = \"60ms\"\n");
  ServerProcess first;
  ASSERT_TRUE(first.start());
  ChildProcess second({.arguments = {server_path(), "serve", "--listen", "127.0.0.1:0", "--data-dir", first.data_dir(),
                                     "--lock-timeout", "1m", "--config", path()}});
  ASSERT_TRUE(wait_until(seconds(30), [&] { return second.errors().find("msg=listening") != std::string::npos; }));
  write_settings("queue-target = \"20ms\"\n");
  second.signal(SIGHUP);
  first.signal(SIGTERM);
  ASSERT_TRUE(first.wait_exit(seconds(30)));
  EXPECT_TRUE(wait_until(seconds(30), [&] { return second.errors().find(kReloaded) != std::string::npos; }))
      << second.errors();
  EXPECT_NE(second.errors().find("setting=queue-target from=60ms to=20ms"), std::string::npos) << second.errors();
}

TEST_F(Reload, DuringAStopItChangesNothing) {
  write_settings("");
  ServerProcess server({.flags = {"--config", path()}});
  ASSERT_TRUE(server.start());
  // A request in hand holds the stop up.
  ClientResult<HttpClient> client = HttpClient::connect(server.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  ASSERT_TRUE(client->send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 24\r\n\r\n"));
  server.signal(SIGTERM);
  ASSERT_TRUE(wait_until(seconds(30), [&] { return has_line(server, "msg=stopping"); }));
  for (int i = 0; i < 3; ++i) server.signal(SIGHUP);
  ASSERT_TRUE(client->send(R"({"name":"a","value":123})"));
  const auto exit = server.wait_exit(seconds(30));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
  EXPECT_FALSE(has_line(server, kReloaded));
}

}  // namespace
}  // namespace ms::test
