// Bodies of every size and coding, from the session to the store: which thread works on them, and what they may take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <snappy.h>

#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <protozero/pbf_writer.hpp>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "api/ingest.h"
#include "api/reply_testing.h"
#include "api/scripted_store_testing.h"
#include "http/content_coding_testing.h"
#include "http/http_service.h"

namespace ms::api {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A client on a connection of its own; the test is its worker.
class Client final : net::SessionWaker {
 public:
  explicit Client(http::HttpService& service, uint64_t connection = 0)
      : session_(service.make({.waker = *this, .stamps = stamps_, .connection = connection})) {}

  // What the session wants when the worker can do no more for it.
  net::Want send(std::string_view bytes) { return follow(session_->on_bytes(bytes)); }

  // The reply to what send() has left parked.
  std::string wait() {
    if (!woken_.try_acquire_for(std::chrono::seconds(30))) throw std::runtime_error("no reply");
    follow(session_->on_wake());
    return reply_;
  }
  // One request, whichever thread answers it.
  std::string ask(std::string_view bytes) { return send(bytes) == net::Want::kPark ? wait() : reply_; }

 private:
  void wake() override { woken_.release(); }

  net::Want follow(net::Want want) {
    while (true) {
      if (want == net::Want::kWrite) {
        reply_ = session_->output();
        want = session_->on_sent();
      } else if (want == net::Want::kWriteEnd) {
        reply_ = session_->output();
        return net::Want::kClose;
      } else if (want == net::Want::kPark && woken_.try_acquire()) {
        want = session_->on_wake();
      } else {
        return want;
      }
    }
  }

  net::Stamps stamps_;
  std::counting_semaphore<> woken_{0};
  std::string reply_;
  std::unique_ptr<net::Session> session_;
};

std::string post(std::string_view path, std::string_view coding, std::string_view body) {
  std::string request = "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n";
  if (!coding.empty()) request += "Content-Encoding: " + std::string(coding) + "\r\n";
  return request + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// A JSON body of so many bytes.
std::string json(size_t bytes) {
  std::string body = R"({"name":"up","value":1})";
  body.resize(bytes, ' ');
  return body;
}

// A remote write message of about so many bytes.
std::string message(size_t bytes) {
  std::string text;
  protozero::pbf_writer(text).add_string(15, std::string(bytes - 5, 'x'));
  return text;
}

std::string snappy_of(const std::string& text) {
  std::string block;
  snappy::Compress(text.data(), text.size(), &block);
  return block;
}

// A JSON body of about so many bytes, which codings make only a quarter smaller.
std::string dense_json(size_t bytes) {
  std::string body = R"({"name":"up","value":1,"ignored":")";
  uint32_t state = 1;
  while (body.size() < bytes) {
    state = state * 1664525 + 1013904223;
    body += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[state >> 26];
  }
  return body + "\"}";
}

std::string in_chunks(std::string_view coding, const std::string& body) {
  std::string request = "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Encoding: " + std::string(coding) +
                        "\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char byte : body) request += std::string("1\r\n") + byte + "\r\n";
  return request + "0\r\n\r\n";
}

// In a frame that declares a window of 8 MiB, whatever the text's length.
std::string zstd_with_wide_window(const std::string& text) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, 23);
  std::string encoded(ZSTD_compressBound(text.size()), '\0');
  ZSTD_outBuffer output{encoded.data(), encoded.size(), 0};
  ZSTD_inBuffer input{text.data(), text.size(), 0};
  ZSTD_compressStream2(context.get(), &output, &input, ZSTD_e_continue);
  ZSTD_compressStream2(context.get(), &output, &input, ZSTD_e_end);
  encoded.resize(output.pos);
  return encoded;
}

class IngestHeavyTest : public testing::Test {
 protected:
  IngestHeavyTest() {
    limits_.decoded_body_bytes_max = 1 << 20;
    limits_.bodies_bytes_max = 8 << 20;
    open(8);
  }
  ~IngestHeavyTest() override {
    release();
    heavy_.reset();  // it answers into the sessions
  }

  void open(size_t queue_length_max) {
    router_ = {};
    service_.emplace(limits_, router_);
    heavy_.emplace(
        WorkPoolOptions{.name = "heavy", .threads = 1, .queue_length_max = queue_length_max, .is_background = true});
    api_.emplace(store_, *heavy_, limits_, service_->bodies(), 86'400'000);
    api_->add_routes(router_);
  }

  // Keeps the pool's only thread busy until release().
  void occupy() {
    heavy_->submit(
        [this](http::Responder& responder) {
          begun_.count_down();
          may_end_.wait();
          std::move(responder).send({});
        },
        occupation_.responder());
    begun_.wait();
  }
  void release() {
    if (!std::exchange(is_released_, true)) may_end_.count_down();
  }

  std::string ask(const std::string& request) { return Client(*service_).ask(request); }
  uint64_t bytes_in_hand() const { return service_->bodies().bytes(); }

  http::Limits limits_;
  ScriptedStore store_;
  http::Router router_;
  std::optional<http::HttpService> service_;
  std::latch begun_{1};
  std::latch may_end_{1};
  bool is_released_ = false;
  Reply occupation_;
  std::optional<IngestApi> api_;
  std::optional<WorkPool> heavy_;
};

TEST_F(IngestHeavyTest, LightRequestsAreAnsweredWhileThePoolIsBusy) {
  Client heavy(*service_);
  occupy();
  EXPECT_EQ(heavy.send(post("/metrics", "", json(20'000))), net::Want::kPark);
  EXPECT_THAT(ask(post("/metrics", "", json(100))), EndsWith(R"({"accepted":1})"));
  EXPECT_THAT(ask(post("/metrics", "gzip", http::encode_zlib(json(60'000), true))), EndsWith(R"({"accepted":1})"));
  EXPECT_THAT(ask(post("/api/v1/write", "snappy", snappy_of(message(100)))), StartsWith("HTTP/1.1 204 "));
  EXPECT_EQ(heavy_->stats().queue_length, 1u);
  release();
  EXPECT_THAT(heavy.wait(), EndsWith(R"({"accepted":1})"));
}

// Notes whose body the pool reads when what was in it comes to be written.
class WatchingStore final : public ScriptedStore {
 public:
  explicit WatchingStore(const WorkPool& pool) : pool_(pool) {}

  void write(model::WriteBatch batch, storage::WriteCallback on_done) override {
    reading = pool_.threads().at(0).connection;
    ScriptedStore::write(std::move(batch), std::move(on_done));
  }

  uint64_t reading = 0;

 private:
  const WorkPool& pool_;
};

TEST_F(IngestHeavyTest, ThePoolTellsWhoseBodyItReads) {
  WatchingStore store(*heavy_);
  IngestApi api(store, *heavy_, limits_, service_->bodies(), 86'400'000);
  http::Router router;
  api.add_routes(router);
  service_->route_by(router);
  EXPECT_THAT(Client(*service_, 12).ask(post("/metrics", "", json(20'000))), EndsWith(R"({"accepted":1})"));
  EXPECT_EQ(store.reading, 12u);
}

struct Case {
  std::string what;
  std::string request;
  bool is_heavy;
};

std::vector<Case> bodies() {
  constexpr size_t kWire = IngestApi::kLightBodyBytesMax;
  constexpr size_t kDecoded = IngestApi::kLightDecodedBytesMax;
  const auto gzip = [](const std::string& text) { return http::encode_zlib(text, true); };
  return {
      {"plain", post("/metrics", "", json(kWire)), false},
      {"plain and large", post("/metrics", "identity", json(kWire + 1)), true},
      {"gzip", post("/metrics", "x-gzip", gzip(json(kDecoded))), false},
      {"gzip that grows", post("/metrics", "gzip", gzip(json(kDecoded + 1))), true},
      {"gzip, large on the wire", post("/metrics", "gzip", gzip(dense_json(30'000))), true},
      {"gzip in chunks", in_chunks("gzip", gzip(json(1000))), false},
      {"gzip in chunks, large on the wire", in_chunks("gzip", gzip(dense_json(30'000))), true},
      {"deflate that grows", post("/metrics", "deflate", http::encode_zlib(json(kDecoded + 1), false)), true},
      {"zstd", post("/metrics", "zstd", http::encode_zstd(json(kDecoded))), false},
      {"zstd that grows", post("/metrics", "ZSTD", http::encode_zstd(json(kDecoded + 1))), true},
      {"snappy", post("/api/v1/write", "snappy", snappy_of(message(kDecoded - 10))), false},
      {"snappy that grows", post("/api/v1/write", "", snappy_of(message(kDecoded + 10))), true},
      {"remote write in gzip", post("/api/v1/write", "gzip", gzip(message(1000))), false},
      {"remote write in zstd", post("/api/v1/write", "zstd", http::encode_zstd(message(100'000))), true},
  };
}

TEST_F(IngestHeavyTest, WhatIsHeavyIsToldByTheWireAndByWhatItBecomes) {
  open(0);  // a pool that takes nothing
  for (const Case& c : bodies()) {
    EXPECT_THAT(ask(c.request), StartsWith(c.is_heavy ? "HTTP/1.1 503 " : "HTTP/1.1 20")) << c.what;
    EXPECT_EQ(bytes_in_hand(), 0u) << c.what;
  }
}

TEST_F(IngestHeavyTest, EveryBodyIsTaken) {
  for (const Case& c : bodies()) {
    store_.batches.clear();
    EXPECT_THAT(ask(c.request), StartsWith("HTTP/1.1 20")) << c.what;
    ASSERT_EQ(store_.batches.size(), 1u) << c.what;
    EXPECT_EQ(store_.batches[0].sample_count(), c.request.starts_with("POST /metrics") ? 1u : 0u) << c.what;
    EXPECT_EQ(bytes_in_hand(), 0u) << c.what;
  }
}

TEST_F(IngestHeavyTest, WhatBecomesTooLargeAnswers413) {
  const std::string bomb(8 << 20, ' ');
  for (const std::string& request : {
           post("/metrics", "gzip", http::encode_zlib(bomb, true)),
           post("/metrics", "deflate", http::encode_zlib(bomb, false)),
           post("/metrics", "zstd", http::encode_zstd(bomb)),
           post("/api/v1/write", "gzip", http::encode_zlib(bomb, true)),
           post("/api/v1/write", "snappy", snappy_of(bomb)),
       }) {
    EXPECT_THAT(ask(request), StartsWith("HTTP/1.1 413 ")) << request.substr(0, 80);
    EXPECT_EQ(bytes_in_hand(), 0u);
  }
  EXPECT_EQ(service_->bodies().refusals(), 0u) << "no bomb has filled the budget";
}

TEST_F(IngestHeavyTest, WhatIsDamagedAnswers400OnEitherThread) {
  const auto cut = [](std::string body) { return body.substr(0, body.size() - 1); };
  for (const std::string& request : {
           post("/metrics", "gzip", cut(http::encode_zlib(json(100), true))),
           post("/metrics", "gzip", cut(http::encode_zlib(json(100'000), true))),
           post("/metrics", "zstd", http::encode_zstd(json(100)) + "x"),
           post("/metrics", "zstd", http::encode_zstd(json(100'000)) + "rest"),
           post("/metrics", "deflate", json(100)),
           post("/metrics", "gzip", http::encode_zlib("{" + json(100'000), true)),
           post("/api/v1/write", "gzip", http::encode_zlib(std::string(100'000, '\xff'), true)),
       }) {
    EXPECT_THAT(ask(request), AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr(R"("errorType":"bad_data")")));
  }
  EXPECT_TRUE(store_.batches.empty());
}

TEST_F(IngestHeavyTest, WhereTheBudgetDoesNotReachForWhatABodyBecomesItIsRefused) {
  const std::string requests[] = {post("/metrics", "gzip", http::encode_zlib(json(900'000), true)),
                                  post("/api/v1/write", "snappy", snappy_of(message(900'000)))};
  for (const std::string& request : requests) {
    ByteBudget::Charge others(service_->bodies());
    ASSERT_TRUE(others.try_grow((8 << 20) - 600'000));
    const uint64_t refusals = service_->bodies().refusals();
    EXPECT_THAT(ask(request), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\r\nRetry-After: "),
                                    HasSubstr("\r\nConnection: close\r\n")));
    EXPECT_EQ(service_->bodies().refusals(), refusals + 1);
    EXPECT_EQ(bytes_in_hand(), others.bytes());
  }
  for (const std::string& request : requests) EXPECT_THAT(ask(request), StartsWith("HTTP/1.1 20"));
}

TEST_F(IngestHeavyTest, AWideWindowIsChargedBeforeItsBodyWaitsForThePool) {
  const std::string request = post("/metrics", "zstd", zstd_with_wide_window(json(100'000)));
  EXPECT_THAT(ask(request), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(service_->bodies().refusals(), 1u);
  EXPECT_EQ(bytes_in_hand(), 0u);
  limits_.bodies_bytes_max = 16 << 20;
  open(8);
  EXPECT_THAT(ask(request), StartsWith("HTTP/1.1 200 "));
}

TEST_F(IngestHeavyTest, TheParserOfAHeavyJsonBodyIsChargedToo) {
  for (const std::string& request :
       {post("/metrics", "", json(900'000)), post("/metrics", "gzip", http::encode_zlib(json(900'000), true))}) {
    ByteBudget::Charge others(service_->bodies());
    ASSERT_TRUE(others.try_grow(4 << 20));
    EXPECT_THAT(ask(request), StartsWith("HTTP/1.1 503 "));
    others.release();
    EXPECT_THAT(ask(request), StartsWith("HTTP/1.1 200 "));
  }
}

TEST_F(IngestHeavyTest, WhatAHeavyBodyHoldsIsGivenBackWithItsAnswer) {
  store_.holds_writes = true;
  Client client(*service_);
  EXPECT_EQ(client.send(post("/metrics", "gzip", http::encode_zlib(json(900'000), true))), net::Want::kPark);
  Reply behind;  // the pool has one thread: once this is answered, that is written
  heavy_->submit([](http::Responder& responder) { std::move(responder).send({}); }, behind.responder());
  behind.take();
  EXPECT_GT(bytes_in_hand(), 900'000u);
  store_.finish_writes();
  EXPECT_THAT(client.wait(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(bytes_in_hand(), 0u);
}

}  // namespace
}  // namespace ms::api
