#include "server/drain.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/whole_file.h"
#include "drain/comparison.h"
#include "drain/experiment.h"
#include "drain/frames.h"
#include "drain/history.h"
#include "drain/html_report.h"
#include "drain/json_report.h"
#include "drain/measurement.h"
#include "drain/plan_report.h"
#include "server/resources.h"
#include "terminal/progress_line.h"
#include "terminal/terminal.h"

namespace ms::server {
namespace {

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

int report(const Error& error) {
  std::fprintf(stderr, "metricstream drain: %s\n", error.message.c_str());
  return error.code == ErrorCode::kInvalid ? 2 : 1;
}

std::string describe_progress(const drain::Progress& progress) {
  std::array<char, 160> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%s: %.1f s, %zu of %zu clients done, %llu in the listen queue, %llu in ours",
      std::string(net::architecture_name(progress.architecture)).c_str(),
      static_cast<double>(progress.elapsed_ns) / static_cast<double>(kNanosPerSecond), progress.ended, progress.clients,
      static_cast<unsigned long long>(progress.listen_depth), static_cast<unsigned long long>(progress.queue_length));
  return {text.data(), static_cast<size_t>(size)};
}

void print_frames(const drain::Observations& seen) {
  const drain::History history(seen);
  const terminal::Colour colour = terminal::colour_for(STDOUT_FILENO);
  const bool is_inline = seen.architecture == net::Architecture::kInline;
  print((is_inline ? drain::draw_inline_frame(history, colour) : drain::draw_pool_frames(history, colour)) + "\n");
}

int plan(const DrainConfig& config) {
  const auto text = drain::write_plan({.rate_per_s = config.experiment.rate_per_s,
                                       .service_time_s = static_cast<double>(config.experiment.service_time_ns) / 1e9,
                                       .total_p99_s = static_cast<double>(config.plan_p99_ns) / 1e9},
                                      config.is_json);
  if (!text) return report(text.error());
  print(*text);
  return 0;
}

// What the experiment came to.
struct Outcome {
  std::vector<drain::Measurement> measurements;
  std::vector<drain::Observations> seen;  // empty where no file is to be made of them: they are large
};

Result<Outcome> run(const drain::Settings& settings, const DrainConfig& config) {
  Outcome outcome;
  for (const net::Architecture architecture : settings.architectures) {
    auto seen = [&] {
      terminal::ProgressLine line;
      return drain::observe(settings, architecture,
                            [&line](const drain::Progress& progress) { line.show(describe_progress(progress)); });
    }();
    if (!seen) return std::unexpected(std::move(seen).error());
    outcome.measurements.push_back(drain::measure(settings, *seen));
    if (!config.is_json) print_frames(*seen);
    if (!config.html_path.empty()) outcome.seen.push_back(std::move(*seen));
  }
  return outcome;
}

void print_figures(const drain::Settings& settings, const Outcome& outcome) {
  print(drain::draw_comparison(settings, outcome.measurements, terminal::colour_for(STDOUT_FILENO)));
  for (const drain::Measurement& measured : outcome.measurements) {
    if (measured.architecture == net::Architecture::kPool) print("\n" + drain::write_footnote(settings, measured));
  }
}

}  // namespace

int drain(const DrainConfig& config) {
  if (config.asks_plan) return plan(config);
  signal(SIGPIPE, SIG_IGN);
  drain::Settings settings = config.experiment;
  settings.cores = usable_cores();
  const std::unique_ptr<FileSystem> file_system = make_posix_file_system();
  if (!config.html_path.empty()) {
    // Nobody waits for the experiment only to hear that its file cannot be written.
    if (const auto checked = check_whole_file(*file_system, config.html_path); !checked) return report(checked.error());
  }
  if (!config.is_json) print(drain::describe(settings) + "\n");
  const auto outcome = run(settings, config);
  if (!outcome) return report(outcome.error());
  config.is_json ? print(drain::write_json(settings, outcome->measurements)) : print_figures(settings, *outcome);
  if (config.html_path.empty()) return 0;
  const auto written = write_whole_file(*file_system, config.html_path,
                                        drain::write_html(settings, outcome->measurements, outcome->seen));
  if (!written) return report(written.error());
  std::fprintf(stderr, "metricstream drain: wrote %s, to be opened in a browser\n", config.html_path.c_str());
  return 0;
}

}  // namespace ms::server
