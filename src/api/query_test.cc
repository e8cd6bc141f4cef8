#include "api/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/reply_testing.h"
#include "model/staleness.h"
#include "promql/memory_store_testing.h"

namespace ms::api {
namespace {

using testing::EndsWith;
using testing::StartsWith;

constexpr int64_t kT = 1'732'363'200'000;

class QueryApiTest : public testing::Test {
 protected:
  QueryApiTest() { api_.add_routes(router_); }

  http::Response send(http::Request request) {
    const auto found = router_.find(request);
    Reply reply;
    std::get<const http::Route*>(found)->handler(request, reply.responder());
    return reply.take();
  }

  http::Response get(std::string path, std::string query) {
    http::Request request;
    request.method = "GET";
    request.path = std::move(path);
    request.query = std::move(query);
    return send(std::move(request));
  }
  http::Response query(std::string parameters) { return get("/api/v1/query", std::move(parameters)); }
  http::Response query_range(std::string parameters) { return get("/api/v1/query_range", std::move(parameters)); }

  storage::MemoryStore store_;
  WorkPool pool_{{.name = "query"}};
  QueryApi api_{store_, pool_, [] { return kT; }};
  http::Router router_;
};

std::string success(const std::string& type, const std::string& result) {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}}";
}

std::string failure(const std::string& type, const std::string& error) {
  return R"({"status":"error","errorType":")" + type + R"(","error":")" + error + "\"}";
}

TEST_F(QueryApiTest, AnInstantSelectorGivesAVector) {
  store_.add({{"__name__", "up"}, {"job", "x"}}, {{kT - 1000, 1}});
  store_.add({{"__name__", "up"}, {"job", "a"}}, {{kT, 1e-7}});
  store_.add({{"__name__", "up"}, {"job", "gone"}}, {{kT, std::bit_cast<double>(model::kStaleMarkerBits)}});
  const http::Response response = query("query=up&time=1732363200.123");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            success("vector", R"([{"metric":{"__name__":"up","job":"a"},"value":[1732363200.123,"1e-07"]},)"
                              R"({"metric":{"__name__":"up","job":"x"},"value":[1732363200.123,"1"]}])"));
}

TEST_F(QueryApiTest, ASelectorThatFindsNothingGivesAnEmptyVector) {
  EXPECT_EQ(query("query=up").body, success("vector", "[]"));
}

TEST_F(QueryApiTest, ARangeSelectorGivesAMatrix) {
  store_.add({{"__name__", "up"}},
             {{kT - 60'000, 1}, {kT - 15'500, std::numeric_limits<double>::infinity()}, {kT + 1, 9}});
  EXPECT_EQ(query("query=up%5B1m%5D").body,
            success("matrix", R"([{"metric":{"__name__":"up"},"values":[[1732363140,"1"],[1732363184.500,"+Inf"]]}])"));
}

TEST_F(QueryApiTest, ANumberGivesAScalarNowOrAtATime) {
  EXPECT_EQ(query("query=42").body, success("scalar", R"([1732363200,"42"])"));
  EXPECT_EQ(query("query=1e30&time=-1.5").body, success("scalar", R"([-1.5,"1000000000000000000000000000000"])"));
  EXPECT_EQ(query("query=NaN&time=1970-01-01T00:00:01Z").body, success("scalar", R"([1,"NaN"])"));
}

TEST_F(QueryApiTest, ARangeQueryGivesAMatrix) {
  store_.add({{"__name__", "up"}}, {{kT, 1}, {kT + 60'000, 2}});
  EXPECT_EQ(query_range("query=up&start=1732363170&end=1732363290&step=30.5").body,
            success("matrix", R"([{"metric":{"__name__":"up"},"values":)"
                              R"([[1732363200.500,"1"],[1732363231,"1"],[1732363261.500,"2"]]}])"));
}

TEST_F(QueryApiTest, ANumberInARangeQueryIsASeriesWithoutLabels) {
  EXPECT_EQ(query_range("query=-1&start=1732363200&end=1732363201.5&step=500ms").body,
            success("matrix", R"([{"metric":{},"values":[[1732363200,"-1"],[1732363200.500,"-1"],)"
                              R"([1732363201,"-1"],[1732363201.500,"-1"]]}])"));
  EXPECT_EQ(query_range("query=up&start=0&end=1&step=1").body, success("matrix", "[]"));
}

TEST_F(QueryApiTest, ParametersMayComeInAForm) {
  http::Request request;
  request.method = "POST";
  request.path = "/api/v1/query";
  request.query = "query=1&time=5";
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  request.body = "query=2";
  EXPECT_EQ(send(request).body, success("scalar", R"([5,"2"])"));
}

TEST_F(QueryApiTest, AJsonBodyIsRefused) {
  http::Request request;
  request.method = "POST";
  request.path = "/api/v1/query";
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = R"({"query":"1"})";
  EXPECT_EQ(send(request).status, 415);
}

TEST_F(QueryApiTest, BadParametersOfAQueryAreToldAsPrometheusTellsThem) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"query=1&time=x",
       R"(invalid parameter \"time\": Invalid time value for 'time': cannot parse \"x\" to a valid timestamp)"},
      {"query=1&timeout=x", R"(invalid parameter \"timeout\": cannot parse \"x\" to a valid duration)"},
      {"", R"(invalid parameter \"query\": 1:1: parse error: no expression found in input)"},
      {"query=cpu%7B", R"(invalid parameter \"query\": 1:5: parse error: unexpected end of input inside braces)"},
  };
  for (const auto& [parameters, error] : cases) {
    const http::Response response = query(parameters);
    EXPECT_EQ(response.status, 400) << parameters;
    EXPECT_EQ(response.body, failure("bad_data", error));
  }
}

TEST_F(QueryApiTest, BadParametersOfARangeQueryAreToldAsPrometheusTellsThem) {
  const std::string too_small =
      R"(invalid parameter \"step\": zero or negative query resolution step widths are not accepted. )"
      "Try a positive integer";
  const std::string too_many =
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"query=1&end=1&step=1", R"(invalid parameter \"start\": cannot parse \"\" to a valid timestamp)"},
      {"query=1&start=1&end=y&step=1", R"(invalid parameter \"end\": cannot parse \"y\" to a valid timestamp)"},
      {"query=1&start=2&end=1&step=1", R"(invalid parameter \"end\": end timestamp must not be before start time)"},
      {"query=1&start=1&end=2&step=1h1h", R"(invalid parameter \"step\": cannot parse \"1h1h\" to a valid duration)"},
      {"query=1&start=1&end=2&step=0", too_small},
      {"query=1&start=1&end=2&step=-1", too_small},
      {"query=1&start=1&end=2&step=0.0005", too_small},
      {"query=1&start=0&end=11001&step=1", too_many},
      {"query=1&start=-2e15&end=2e15&step=1ms", too_many},
      {"query=cpu%7B&start=1&end=2&step=1", "1:5: parse error: unexpected end of input inside braces"},
      {"query=up[5m]&start=1&end=2&step=1",
       R"(invalid expression type \"range vector\" for range query, must be Scalar or instant Vector)"},
  };
  for (const auto& [parameters, error] : cases) {
    const http::Response response = query_range(parameters);
    EXPECT_EQ(response.status, 400) << parameters;
    EXPECT_EQ(response.body, failure("bad_data", error));
  }
}

TEST_F(QueryApiTest, ElevenThousandStepsAreTheMost) {
  const http::Response response = query_range("query=1&start=0&end=11000&step=1");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, EndsWith(R"([11000,"1"]]}]}})"));
}

TEST_F(QueryApiTest, UnsupportedPromQlIsUnprocessable) {
  const http::Response response = query("query=rate(cpu[5m])");
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(response.body,
              StartsWith(R"({"status":"error","errorType":"execution","error":"not supported yet: function \"rate\" )"
                         "at position 1:1; "));
}

TEST_F(QueryApiTest, ATimeoutIsAnsweredAsSuch) {
  for (const char* timeout : {"0", "-1"}) {
    const http::Response response = query(std::string("query=up&timeout=") + timeout);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, failure("timeout", "query timed out in query queue"));
  }
  EXPECT_EQ(query("query=up&timeout=1y").status, 200);
}

TEST_F(QueryApiTest, DamageInTheStoreIsAWarning) {
  store_.set_damaged_places(2);
  EXPECT_EQ(query("query=42").body,
            R"({"status":"success","data":{"resultType":"scalar","result":[1732363200,"42"]},"warnings":[)"
            R"("the write-ahead log was found damaged in 2 places at start: samples may be missing"]})");
}

TEST_F(QueryApiTest, OtherMethodsAreNotAllowed) {
  http::Request request;
  request.method = "PUT";
  request.path = "/api/v1/query_range";
  const auto found = router_.find(request);
  EXPECT_EQ(std::get<http::Response>(found).status, 405);
}

}  // namespace
}  // namespace ms::api
