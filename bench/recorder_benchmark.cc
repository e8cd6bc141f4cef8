// What the recorder costs: CPU time of the server for each connection (connect, one request, reply, close) with the
// recorder on and off. It should be at most 2 % more.
//
// Two front doors stand side by side in this process, and a client in a process of its own goes from one to the other,
// round by round: a machine that is faster or slower for a while is so for both. The figure is the median over the
// pairs of rounds; a pair counts on before off and off before on by turns. Everything runs on one CPU: so threads and
// client take turns in the same way in every round, which makes the error five times smaller.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "http/http_service.h"
#include "net/descriptors.h"
#include "net/front_door.h"
#include "net/record_ring.h"

namespace ms {
namespace {

constexpr int kPairs = 300;
constexpr uint16_t kConnectionsPerRound = 512;
constexpr size_t kAtOnce = 16;  // connections that the client has open

constexpr std::string_view kRequest = "GET /quick HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";

[[noreturn]] void give_up(const char* what) {
  perror(what);
  std::_Exit(1);
}

// Connects, asks, reads to the end, closes: so many times. Runs in the child.
void be_many_clients(const sockaddr_in& server, uint16_t count) {
  std::array<char, 1024> reply;
  for (size_t done = 0; done < count; done += kAtOnce) {
    std::array<Descriptor, kAtOnce> clients;
    for (Descriptor& client : clients) {
      client = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (connect(client.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) give_up("connect");
      if (send(client.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) give_up("send");
    }
    for (const Descriptor& client : clients) {
      ssize_t got = 0;
      while ((got = recv(client.get(), reply.data(), reply.size(), 0)) > 0) {
      }
      if (got < 0) give_up("recv");
    }
  }
}

// The client's process. It ends with its pipe.
class ClientProcess {
 public:
  // To be made before the first thread.
  ClientProcess() {
    std::array<int, 2> down{};
    std::array<int, 2> up{};
    if (pipe(down.data()) != 0 || pipe(up.data()) != 0) give_up("pipe");
    child_ = fork();
    if (child_ < 0) give_up("fork");
    if (child_ == 0) {
      close(down[1]);
      run(down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    ask_ = Descriptor(down[1]);
    answer_ = Descriptor(up[0]);
  }
  ClientProcess(const ClientProcess&) = delete;
  ClientProcess& operator=(const ClientProcess&) = delete;
  ~ClientProcess() {
    ask_.reset();
    waitpid(child_, nullptr, 0);
  }

  // Returns when the round is over.
  void run_round(uint16_t port) {
    char done = 0;
    if (write(ask_.get(), &port, sizeof port) != sizeof port || read(answer_.get(), &done, 1) != 1) {
      give_up("the client has ended");
    }
  }

 private:
  [[noreturn]] static void run(int ask, int answer) {
    uint16_t port = 0;
    while (read(ask, &port, sizeof port) == sizeof port) {
      sockaddr_in server{};
      server.sin_family = AF_INET;
      server.sin_port = htons(port);
      server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      be_many_clients(server, kConnectionsPerRound);
      if (write(answer, "", 1) != 1) break;
    }
    std::_Exit(0);
  }

  pid_t child_ = -1;
  Descriptor ask_;
  Descriptor answer_;
};

// A front door with HTTP behind it.
class Server {
 public:
  explicit Server(size_t records_per_thread) {
    router_.add({"/quick", {"GET"}, [](http::Request&, http::Responder responder) {
                   std::move(responder).send({.body = "{}"});
                 }});
    const size_t descriptors = net::raise_descriptor_limit().value_or(1024);
    auto door = net::FrontDoor::open({.addresses = {"127.0.0.1:0"},
                                      .backlog = net::read_somaxconn(),
                                      .descriptors_max = descriptors,
                                      .refuser_share = 16,
                                      .connections_max = descriptors / 2,
                                      .queue_max = descriptors / 2,
                                      .records_per_thread = records_per_thread});
    if (!door) give_up(door.error().message.c_str());
    door_ = std::move(*door);
    if (const auto started = door_->start(service_, policy_); !started) give_up(started.error().message.c_str());
  }

  uint16_t port() const { return door_->listeners().front().endpoint().port; }
  uint64_t requests() { return door_->stats().requests; }

 private:
  const QueuePolicy policy_;
  http::Router router_;
  http::HttpService service_{http::Limits{}, router_};
  std::unique_ptr<net::FrontDoor> door_;
};

double process_cpu_us() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e6 + static_cast<double>(spent.tv_nsec) / 1e3;
}

// CPU time of this process for each connection of a round.
double measure_round(ClientProcess& client, const Server& server) {
  const double begin_us = process_cpu_us();
  client.run_round(server.port());
  return (process_cpu_us() - begin_us) / kConnectionsPerRound;
}

double quantile(std::vector<double> values, double which) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(which * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, at);
  return *at;
}

double median(const std::vector<double>& values) { return quantile(values, 0.5); }

// The standard error of the median, by the quartiles, as if the values were normally distributed: rounds that the
// machine disturbed do not count.
double standard_error(const std::vector<double>& values) {
  const double deviation = (quantile(values, 0.75) - quantile(values, 0.25)) / 1.349;
  return 1.2533 * deviation / std::sqrt(static_cast<double>(values.size()));
}

// This process, and what it forks or starts, stays on the CPU that it is on.
void stay_on_one_cpu() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) give_up("sched_setaffinity");
}

void RecorderCostPerConnection(benchmark::State& state) {
  stay_on_one_cpu();
  ClientProcess client;
  Server recording(2048);
  Server silent(0);
  std::vector<double> on_us;
  std::vector<double> off_us;
  std::vector<double> ratios;
  for (auto _ : state) {
    measure_round(client, recording);  // the first rounds pay for memory
    measure_round(client, silent);
    for (int pair = 0; pair < kPairs; ++pair) {
      const bool is_on_first = pair % 2 == 0;
      const double first_us = measure_round(client, is_on_first ? recording : silent);
      const double second_us = measure_round(client, is_on_first ? silent : recording);
      on_us.push_back(is_on_first ? first_us : second_us);
      off_us.push_back(is_on_first ? second_us : first_us);
      ratios.push_back(on_us.back() / off_us.back());
    }
  }
  if (recording.requests() != silent.requests()) state.SkipWithError("not every connection was served");
  state.counters["cpu_us_on"] = median(on_us);
  state.counters["cpu_us_off"] = median(off_us);
  state.counters["on_by_off"] = median(ratios);
  state.counters["error"] = standard_error(ratios);
}
BENCHMARK(RecorderCostPerConnection)->Iterations(1)->Unit(benchmark::kMillisecond)->UseRealTime();

// The recorder's part of a connection alone, which is one record for each request.
void WriteRecord(benchmark::State& state) {
  net::RecordRing ring(2048);
  net::Record record;
  for (auto _ : state) {
    ++record.connection;
    ring.write(record);
  }
}
BENCHMARK(WriteRecord);

}  // namespace
}  // namespace ms
