// What deploy/ offers, against a real Prometheus that scrapes a real server under load: every query of the dashboard
// and of the alerts names what there is, and returns data. What only returns data in trouble has to return its zeros.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/child_process.h"
#include "support/http_client.h"
#include "support/peers.h"
#include "support/prometheus_process.h"
#include "support/query_client.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

namespace dom = simdjson::dom;

// In the place of the 15 s of prometheus.yml.
constexpr const char* kScrapeInterval = "500ms";

std::string deploy_path(const std::string& name) { return std::string(MS_DEPLOY_DIR) + "/" + name; }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string promtool(const std::vector<std::string>& arguments) {
  Command command{.arguments = {peer_path(kPromtool)}};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  ChildProcess process(command);
  const auto exit = process.wait_exit(seconds(100));
  return exit && exit->code == 0 ? "" : "promtool fails:\n" + process.output() + process.errors();
}

class DeployedRules : public PeerTest {
 protected:
  DeployedRules() : PeerTest({kPromtool}) {}
};

TEST_F(DeployedRules, AreValidAndAPrometheusTakesTheirConfiguration) {
  EXPECT_EQ(promtool({"check", "config", deploy_path("prometheus/prometheus.yml")}), "");
}

TEST_F(DeployedRules, FireEachOnItsCaseAndAreSilentOnAHealthyServer) {
  EXPECT_EQ(promtool({"test", "rules", deploy_path("prometheus/alerts_test.yaml")}), "");
}

struct Query {
  std::string name;        // of the panel or alert
  std::string expression;  // PromQL
  std::string text;        // what is said of its series: a legend, annotations; with the labels that it needs
};

// The placeholders of Grafana, as it fills them in where one job and one instance are chosen. Regular expressions are
// escaped, and their backslashes once more, since they stand in a string of PromQL.
std::string filled_in(std::string expression, const Endpoint& server) {
  expression = replaced(expression, "$__rate_interval", "6s");
  expression = replaced(expression, "$__range", "1m");
  expression = replaced(expression, "$job", "metricstream");
  return replaced(expression, "$instance", replaced(server.text(), ".", "\\\\."));
}

std::string text_of(dom::element element, std::string_view key) {
  return std::string(element[key].get_string().value());
}

// label_values(selector, label) of a variable, as a query for series that have that label.
std::string query_of_variable(const std::string& definition) {
  static const std::regex form(R"(label_values\((\w+)(?:\{(.*)\})?, (\w+)\))");
  std::smatch parts;
  if (!std::regex_match(definition, parts, form)) return "no label_values: " + definition;
  const std::string matchers = parts[2].length() > 0 ? parts[2].str() + "," : "";
  return parts[1].str() + "{" + matchers + parts[3].str() + "!=\"\"}";
}

// All that the dashboard asks: of its panels, variables and annotations.
std::vector<Query> dashboard_queries(const Endpoint& server) {
  std::vector<Query> queries;
  const auto add = [&](const std::string& name, const std::string& expression, const std::string& text) {
    queries.push_back({name, filled_in(expression, server), text});
  };
  dom::parser parser;
  const dom::element dashboard = parser.load(deploy_path("grafana/provisioning/dashboards/metricstream.json"));
  for (const dom::element panel : dashboard["panels"].get_array()) {
    if (text_of(panel, "type") == "row") continue;
    for (const dom::element target : panel["targets"].get_array()) {
      add(text_of(panel, "title"), text_of(target, "expr"), text_of(target, "legendFormat"));
    }
  }
  for (const dom::element variable : dashboard["templating"]["list"].get_array()) {
    if (text_of(variable, "type") == "query") add("variable", query_of_variable(text_of(variable, "definition")), "");
  }
  for (const dom::element annotation : dashboard["annotations"]["list"].get_array()) {
    if (annotation["expr"].error() != simdjson::SUCCESS) continue;
    add("annotation", text_of(annotation, "expr"), text_of(annotation, "titleFormat"));
  }
  return queries;
}

// Of a comparison PromQL keeps what is true; with "bool" it keeps all, as 0 and 1.
std::string with_bool(const std::string& expression) {
  static const std::regex comparison(R"( (==|!=|<=|>=|<|>) (?!bool))");
  return std::regex_replace(expression, comparison, " $1 bool ");
}

std::string without_strings(const std::string& expression) {
  static const std::regex string(R"("(?:[^"\\]|\\.)*")");
  return std::regex_replace(expression, string, "\"\"");
}

std::vector<std::string> all_matches(const std::string& text, const std::regex& form) {
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), form), end; match != end; ++match) {
    found.push_back(match->size() > 1 ? match->str(1) : match->str());
  }
  return found;
}

// The selectors of a query, each with its matchers: all names here begin with one of these words.
std::vector<std::string> selectors_of(const std::string& expression) {
  static const std::regex form(R"((?:\b(?:metricstream|process|scrape)_[a-z_]+|\bup\b)(?:\{[^}]*\})?)");
  return all_matches(expression, form);
}

// The labels that a query matches, groups or joins by.
std::set<std::string> labels_of(const std::string& expression) {
  static const std::regex matched(R"re(([a-z_]+) ?(?:=~|!~|!=|=)"")re");
  static const std::regex listed(R"(\b(?:by|without|on|ignoring) ?\(([^)]*)\))");
  static const std::regex word("[a-z_]+");
  const std::string bare = without_strings(expression);
  std::set<std::string> labels;
  for (const std::string& label : all_matches(bare, matched)) labels.insert(label);
  for (const std::string& list : all_matches(bare, listed)) {
    for (const std::string& label : all_matches(list, word)) labels.insert(label);
  }
  return labels;
}

// Those that a legend or an annotation shows: {{reason}}, {{ $labels.reason }}.
std::set<std::string> labels_shown(const std::string& text) {
  static const std::regex form(R"(\{\{ ?(?:\$labels\.)?([a-z_]+) ?\}\})");
  const std::vector<std::string> labels = all_matches(text, form);
  return {labels.begin(), labels.end()};
}

bool has_number(const QueriedSeries& series) {  // [1732363200.5,"1"]
  return !std::isnan(std::strtod(series.values.c_str() + series.values.find('"') + 1, nullptr));
}

// An ingest, and a storm that lasts while the queries are asked and ends with them.
class Load {
 public:
  explicit Load(const Endpoint& server) {
    start(server, {"storm", "--rate", "100", "--duration", "10m"});
    start(server, {"ingest", "--samples", "200000", "--series", "1000", "--connections", "1"});
  }

 private:
  void start(const Endpoint& server, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {server_path(), "bench"});
    arguments.push_back("http://" + server.text());
    processes_.push_back(std::make_unique<ChildProcess>(Command{.arguments = arguments}));
  }

  std::vector<std::unique_ptr<ChildProcess>> processes_;
};

class DeployedQueries : public PeerTest {
 protected:
  DeployedQueries() : PeerTest({kPrometheus}) {}

  void SetUp() override {
    PeerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(server_.start());
    load_ = std::make_unique<Load>(server_.endpoint());
    prometheus_ = std::make_unique<PrometheusProcess>(configuration());
    ASSERT_TRUE(prometheus_->start());
    ASSERT_TRUE(wait_until(seconds(20), [this] {
      send_what_only_few_do();
      return prometheus_->query_number("sum(count_over_time(metricstream_build_info[1m]))") >= 4;
    }));
  }

  // That of deploy/, of a server elsewhere, and in a hurry.
  std::string configuration() const {
    std::string text = read_whole_file(deploy_path("prometheus/prometheus.yml"));
    text = replaced(text, "127.0.0.1:8080", server_.endpoint().text());
    text = replaced(text, "_interval: 15s", std::string("_interval: ") + kScrapeInterval);
    return replaced(text, "alerts.yaml", deploy_path("prometheus/alerts.yaml"));
  }

  // What a status is counted by: bad data.
  void send_what_only_few_do() const { static_cast<void>(fetch(server_.endpoint(), json_write_text("{"))); }

  std::vector<QueriedSeries> ask(const std::string& expression) const {
    auto answer = run_query(prometheus_->endpoint(), "/api/v1/query?query=" + percent_encode(expression));
    if (!answer) {
      ADD_FAILURE() << answer.error();
      return {};
    }
    return std::move(answer->series);
  }

  // Rates need a second scrape, and quantiles something between two: so it waits a little.
  std::vector<QueriedSeries> ask_until_there_are_numbers(const std::string& expression) const {
    std::vector<QueriedSeries> series;
    const bool found = wait_until(testing::Test::HasFailure() ? seconds(0) : seconds(10), [&] {
      series = ask(expression);
      return std::ranges::any_of(series, has_number);
    });
    EXPECT_TRUE(found) << "no data: " << expression;
    return series;
  }

  // Asked once each.
  void expect_series(const std::string& selector) {
    if (!seen_.insert(selector).second) return;
    EXPECT_FALSE(ask(selector).empty()) << "no series: " << selector;
  }

  void expect_data(const Query& query) {
    SCOPED_TRACE(query.name + ": " + query.expression);
    const std::vector<QueriedSeries> series = ask_until_there_are_numbers(query.expression);
    for (const std::string& label : labels_shown(query.text)) {
      for (const QueriedSeries& one : series) {
        EXPECT_NE(one.labels.find(label + "=\""), std::string::npos) << one.labels << " has no " << label;
      }
    }
    const std::vector<std::string> selectors = selectors_of(query.expression);
    EXPECT_FALSE(selectors.empty());
    std::string all;
    for (const std::string& selector : selectors) {
      expect_series(selector);
      all += (all.empty() ? "" : "|") + selector.substr(0, selector.find('{'));
    }
    for (const std::string& label : labels_of(query.expression)) {
      expect_series("{__name__=~\"" + all + "\"," + label + "!=\"\"}");
    }
  }

  std::vector<Query> alert_queries() const {
    std::vector<Query> queries;
    const ClientResult<HttpReply> reply = get(prometheus_->endpoint(), "/api/v1/rules");
    if (!reply) return queries;
    dom::parser parser;
    const dom::element answer = parser.parse(reply->body);
    for (const dom::element group : answer["data"]["groups"].get_array()) {
      for (const dom::element rule : group["rules"].get_array()) {
        const dom::element said = rule["annotations"];
        queries.push_back({text_of(rule, "name"), with_bool(text_of(rule, "query")),
                           text_of(said, "summary") + text_of(said, "description")});
      }
    }
    return queries;
  }

  ServerProcess server_{{.flags = kPatientServer}};
  std::unique_ptr<Load> load_;
  std::unique_ptr<PrometheusProcess> prometheus_;
  std::set<std::string> seen_;
};

TEST_F(DeployedQueries, OfTheDashboardAndTheAlertsReturnData) {
  std::vector<Query> queries = dashboard_queries(server_.endpoint());
  EXPECT_GT(queries.size(), 50u);
  const std::vector<Query> alerts = alert_queries();
  EXPECT_GT(alerts.size(), 20u);
  queries.insert(queries.end(), alerts.begin(), alerts.end());
  for (const Query& query : queries) expect_data(query);
}

}  // namespace
}  // namespace ms::test
