#include "drain/comparison.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/figures.h"

namespace ms::drain {
namespace {

using terminal::Canvas;
using terminal::Ink;
using terminal::Style;

constexpr int kWidth = 78;
constexpr int kLabelWidth = 28;
constexpr int kColumnWidth = 12;

using Prediction = queueing::Prediction;
using Measured = std::function<std::string(const Measurement&)>;
using Predicted = std::function<std::optional<std::string>(const Measurement&, const Prediction&)>;

// A heading where nothing is measured.
struct Row {
  std::string label;
  Measured measured;
  Predicted predicted;
};

std::string count(uint64_t number) { return figure(static_cast<double>(number)); }
std::string ns(uint64_t number) { return duration(static_cast<double>(number)); }
std::string s(double number) { return duration(number * 1e9); }
bool is_inline(const Measurement& measured) { return measured.architecture == net::Architecture::kInline; }

// Tells nothing of waits that no client waits.
Predicted within_patience(Predicted told) {
  return [told = std::move(told)](const Measurement& m, const Prediction& p) {
    return m.outlasts_patience ? std::nullopt : told(m, p);
  };
}

std::vector<Row> rate_rows() {
  const auto rate = [](Rate Measurement::* member) {
    return [member](const Measurement& m) { return figure((m.*member).per_s); };
  };
  return {{"A SECOND", {}, {}},
          {"offered", rate(&Measurement::offered), {}},
          {"accepted (drained)", rate(&Measurement::accepted),
           [](const Measurement& m, const Prediction& p) {
             return figure(is_inline(m) ? p.served_per_s : p.served_per_s + p.lost_per_s);
           }},
          {"served (200)", rate(&Measurement::served),
           within_patience([](const Measurement&, const Prediction& p) { return figure(p.served_per_s); })},
          {"refused (503)", rate(&Measurement::refused), within_patience([](const Measurement& m, const Prediction& p) {
             return figure(is_inline(m) ? 0 : p.lost_per_s);
           })},
          {"timed out (" + ns(kClientTimeoutNs) + ")", rate(&Measurement::timed_out), {}}};
}

std::vector<Row> count_rows() {
  const auto of = [](Rate Measurement::* member) {
    return [member](const Measurement& m) { return count((m.*member).count); };
  };
  return {{"IN ALL", {}, {}},
          {"offered", of(&Measurement::offered), {}},
          {"served", of(&Measurement::served), {}},
          {"refused", of(&Measurement::refused), {}},
          {"timed out", of(&Measurement::timed_out), {}},
          {"failed otherwise", of(&Measurement::failed), {}}};
}

std::vector<Row> queue_rows() {
  return {
      {"TIME PER ACCEPT", {}, {}},
      {"p50", [](const Measurement& m) { return ns(m.accept.p50_ns); }, {}},
      {"p99", [](const Measurement& m) { return ns(m.accept.p99_ns); }, {}},
      {"LISTEN QUEUE (the kernel's)", {}, {}},
      {"depth, mean", [](const Measurement& m) { return figure(m.listen_queue.mean); },
       [](const Measurement& m, const Prediction& p) {
         return is_inline(m) ? std::optional(figure(p.mean_queue)) : std::nullopt;
       }},
      {"depth, max", [](const Measurement& m) { return count(m.listen_queue.max); }, {}},
      {"limit", [](const Measurement& m) { return count(m.listen_queue.limit); }, {}},
      {"SYNs and ACKs dropped", [](const Measurement& m) { return count(m.listen_queue.drops); }, {}},
      {"SYN retransmits", [](const Measurement& m) { return count(m.syn_retransmits); }, {}},
      {"CONNECTION QUEUE (ours)", {}, {}},
      {"length, mean", [](const Measurement& m) { return is_inline(m) ? "-" : figure(m.connection_queue.mean); },
       [](const Measurement& m, const Prediction& p) {
         return is_inline(m) ? std::nullopt : std::optional(figure(p.mean_queue));
       }},
      {"length, max", [](const Measurement& m) { return is_inline(m) ? "-" : count(m.connection_queue.max); }, {}},
      {"age, max", [](const Measurement& m) { return is_inline(m) ? "-" : ns(m.connection_queue.age_max_ns); }, {}}};
}

std::vector<Row> time_rows(double service_time_s) {
  const auto later_by = [](double offset_s, double Prediction::* wait) {
    return within_patience([=](const Measurement&, const Prediction& p) { return s(p.*wait + offset_s); });
  };
  const auto wait = [&](double Prediction::* member) { return later_by(0, member); };
  const auto total = [&](double Prediction::* member) { return later_by(service_time_s, member); };
  return {{"WAIT of those who were served", {}, {}},
          {"mean", [](const Measurement& m) { return duration(m.wait.mean_ns); }, wait(&Prediction::mean_wait_s)},
          {"p50", [](const Measurement& m) { return ns(m.wait.p50_ns); }, wait(&Prediction::wait_p50_s)},
          {"p99", [](const Measurement& m) { return ns(m.wait.p99_ns); }, wait(&Prediction::wait_p99_s)},
          {"max", [](const Measurement& m) { return ns(m.wait.max_ns); }, {}},
          {"CONNECT TO WHOLE REPLY", {}, {}},
          {"p50", [](const Measurement& m) { return ns(m.total.p50_ns); }, total(&Prediction::wait_p50_s)},
          {"p99", [](const Measurement& m) { return ns(m.total.p99_ns); }, total(&Prediction::wait_p99_s)},
          {"max", [](const Measurement& m) { return ns(m.total.max_ns); }, {}}};
}

void put_right(Canvas& canvas, int end, int y, std::string_view text, Style style = {}) {
  canvas.put(end - terminal::columns_of(text), y, text, style);
}

void draw_head(Canvas& canvas, std::span<const Measurement> measurements) {
  int end = kLabelWidth;
  for (const Measurement& measured : measurements) {
    put_right(canvas, end + 2 * kColumnWidth, 0, is_inline(measured) ? "inline (old)" : "pool (new)", {.bold = true});
    put_right(canvas, end + kColumnWidth, 1, "measured", {.ink = Ink::kGrey});
    put_right(canvas, end + 2 * kColumnWidth, 1, "predicted", {.ink = Ink::kGrey});
    end += 2 * kColumnWidth;
  }
  canvas.horizontal_line(0, end - 1, 2, {.ink = Ink::kGrey});
}

void draw_row(Canvas& canvas, int y, const Row& row, std::span<const Measurement> measurements) {
  if (!row.measured) {
    canvas.put(0, y, row.label, {.bold = true});
    return;
  }
  canvas.put(2, y, row.label);
  int end = kLabelWidth;
  for (const Measurement& measured : measurements) {
    put_right(canvas, end + kColumnWidth, y, row.measured(measured));
    if (row.predicted && measured.predicted) {
      const auto text = row.predicted(measured, *measured.predicted);
      if (text) put_right(canvas, end + 2 * kColumnWidth, y, *text, {.ink = Ink::kCyan});
    }
    end += 2 * kColumnWidth;
  }
}

// Breaks text between words, the lines after the first indented.
std::string wrap(const std::string& text) {
  std::string out;
  size_t column = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const size_t length = end - begin;
    if (column > 2 && column + 1 + length > kWidth) {
      out += "\n  ";
      column = 2;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out.append(text, begin, length);
    column += length;
    begin = end + 1;
  }
  return out + "\n";
}

std::string write_notes(const Settings& settings, std::span<const Measurement> measurements) {
  std::string text;
  for (const Measurement& m : measurements) {
    const std::string name(net::architecture_name(m.architecture));
    if (m.predicted) text += wrap("Predicted, " + name + ": " + m.predicted->formula + ".");
    if (m.outlasts_patience) {
      text += wrap("Not predicted, " + name + ": served, refused, wait and total. A wait of " +
                   s(m.predicted->wait_p99_s) + " (p99) is beyond the clients' patience: who waited so long has gone.");
    }
    text += wrap("Clients, " + name + ": over after " + s(m.span_s) + "; their own lag, in no figure above: p50 " +
                 ns(m.lag.p50_ns) + ", p99 " + ns(m.lag.p99_ns) + ". CPU per connection: server " +
                 figure(m.server_cpu_us) + " us, clients " + figure(m.clients_cpu_us) + " us.");
    if (m.records_lost > 0)
      text += wrap("Of " + name + ", " + count(m.records_lost) + " connections were not recorded.");
  }
  text += wrap(
      "A second: while clients came; timed out are those of them who gave up later. Predicted: the steady "
      "state, which a run that begins empty only approaches, with " +
      ns(settings.service_time_ns) + " for each exactly. SYN retransmits: of the whole network namespace.");
  return text;
}

}  // namespace

std::string describe(const Settings& settings) {
  const std::string load = settings.burst != 0 ? count(settings.burst) + " connections at once"
                                               : figure(settings.rate_per_s) + " connections a second (Poisson) for " +
                                                     ns(settings.duration_ns);
  return wrap(load + "; each occupies its worker for " + ns(settings.service_time_ns) +
              (settings.work == Work::kSleep ? " (sleep)" : " (spin, CPU time)") + "; pool of " +
              count(settings.workers) + " workers, " + count(settings.cores) + " cores; backlog " +
              count(static_cast<uint64_t>(settings.backlog)) + "; queue target " + ns(settings.queue_target_ns) +
              ", deadline " + ns(settings.queue_deadline_ns) + "; clients give up after " + ns(kClientTimeoutNs) + ".");
}

std::string draw_comparison(const Settings& settings, std::span<const Measurement> measurements,
                            terminal::Colour colour) {
  std::vector<Row> rows;
  for (auto part :
       {rate_rows(), count_rows(), queue_rows(), time_rows(static_cast<double>(settings.service_time_ns) / 1e9)}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  Canvas canvas(kWidth, static_cast<int>(rows.size()) + 3);
  draw_head(canvas, measurements);
  for (size_t i = 0; i < rows.size(); ++i) draw_row(canvas, static_cast<int>(i) + 3, rows[i], measurements);
  return canvas.render(colour) + "\n" + write_notes(settings, measurements);
}

}  // namespace ms::drain
