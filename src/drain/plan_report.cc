#include "drain/plan_report.h"

#include <utility>

#include "base/figures.h"
#include "base/json_builder.h"

namespace ms::drain {
namespace {

std::string s(double seconds) { return duration(seconds * 1e9); }

std::string write_text(const queueing::Demand& demand, const queueing::Plan& plan) {
  const std::string queue = figure(static_cast<double>(plan.queue_p99));
  return figure(demand.rate_per_s) + " connections a second (Poisson), " + s(demand.service_time_s) +
         " each, 99 % of them done within " + s(demand.total_p99_s) + ":\n\n" + "  workers        " +
         figure(static_cast<double>(plan.workers)) + ", each busy " + figure(plan.utilisation * 100) +
         " % of the time\n" + "  wait           " + s(plan.mean_wait_s) + " on average\n" + "  wait and work  " +
         s(plan.total_p99_s) + " (p99)\n" + "  queue          " + figure(plan.mean_queue) +
         " waiting on average, at most " + queue + " for 99 % of the time\n\n" +
         "By M/D/c: Crommelin (1932), the distribution of the wait by Franx (2001). Work that computes needs as many\n"
         "cores; work that waits for a disk or a peer does not.\n";
}

std::string write_json(const queueing::Demand& demand, const queueing::Plan& plan) {
  JsonBuilder json;
  json.begin_object();
  json.key("demand").begin_object();
  json.key("rate_per_s").real(demand.rate_per_s);
  json.key("service_time_ms").real(demand.service_time_s * 1000);
  json.key("total_p99_ms").real(demand.total_p99_s * 1000);
  json.end_object();
  json.key("plan").begin_object();
  json.key("workers").integer(plan.workers);
  json.key("utilisation").real(plan.utilisation);
  json.key("mean_wait_ms").real(plan.mean_wait_s * 1000);
  json.key("total_p99_ms").real(plan.total_p99_s * 1000);
  json.key("mean_queue").real(plan.mean_queue);
  json.key("queue_p99").integer(plan.queue_p99);
  json.end_object();
  json.end_object();
  return std::move(json).take() + "\n";
}

}  // namespace

Result<std::string> write_plan(const queueing::Demand& demand, bool is_json) {
  const auto plan = queueing::plan(demand);
  if (!plan) return std::unexpected(plan.error());
  return is_json ? write_json(demand, *plan) : write_text(demand, *plan);
}

}  // namespace ms::drain
