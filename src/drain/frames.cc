#include "drain/frames.h"

#include <algorithm>
#include <string>

#include "base/figures.h"
#include "drain/frame_canvas.h"

namespace ms::drain {
namespace {

using terminal::Ink;
using terminal::Style;

constexpr Style kHighlight{.ink = Ink::kGreen};

std::string nanoseconds(uint64_t begin_ns, uint64_t end_ns) {
  return duration(static_cast<double>(end_ns - std::min(begin_ns, end_ns)));
}

std::string listen_queue_title(const History& history) {
  return "Listen queue (backlog " + std::to_string(history.seen().listen_queue.limit) + "):";
}

History::Passages without(History::Passages passages, const Passage* left_out) {
  std::erase(passages, left_out);
  return passages;
}

// How long a connection was in the listen queue.
std::string kernel_wait(const Passage& passage) {
  const net::Record& record = *passage.record;
  const std::string text = name_of(passage) + " waited " +
                           nanoseconds(passage.attempt->connected_ns, record.stamps.accepted_ns) +
                           " by its client's stamps, ";
  if (!record.kernel_wait.is_sampled) return text + "not sampled by the server";
  return text + duration(static_cast<double>(record.kernel_wait.at_least_ns)) + " to " +
         duration(static_cast<double>(record.kernel_wait.at_most_ns)) + " by the server's";
}

void draw_accept_loop(FrameCanvas& frame, const std::string& accept_note, const std::string& enqueue_note) {
  frame.line("Accept loop thread:");
  frame.line("    while (running) {");
  frame.line("  " + std::string(enqueue_note.empty() ? "→" : " ") + "   int fd = accept4(listener, ...);  ← " +
             accept_note);
  frame.line("  " + std::string(enqueue_note.empty() ? " " : "→") + "   queue.enqueue(fd);" +
             (enqueue_note.empty() ? "" : "               ← " + enqueue_note));
  frame.line("    }");
}

std::string frame_1(const History& history, const History::Trio& trio, terminal::Colour colour) {
  const uint64_t at_ns = trio[0]->record->stamps.accept_begin_ns;
  History::Passages waiting = {trio[0]};
  for (const Passage* later : {trio[1], trio[2]}) {
    if (is_connected(*later, at_ns)) waiting.push_back(later);
  }
  FrameCanvas frame(
      "FRAME 1: " + std::string(waiting.size() == 1 ? "a client waits" : "clients wait") + ", the TCP handshake done",
      history.clock(at_ns));
  frame.clients(waiting);
  frame.begin_box("KERNEL");
  frame.line(listen_queue_title(history));
  frame.listen_queue(nullptr, waiting, waiting.size() < 3 ? "[empty]" : "waiting for accept()");
  frame.end_box();
  frame.begin_box("APPLICATION (MetricStream)");
  draw_accept_loop(frame, "about to return", "");
  frame.sockets("Connection queue:", history.in_queue(at_ns));
  frame.workers(history.in_service(at_ns), history.workers(), at_ns);
  frame.end_box();
  for (const Passage* one : waiting) frame.line(kernel_wait(*one), {.ink = Ink::kGrey}, 0);
  return frame.render(colour);
}

std::string frame_2(const History& history, const History::Trio& trio, terminal::Colour colour) {
  const Passage& first = *trio[0];
  const net::Stamps& stamps = first.record->stamps;
  const uint64_t at_ns = stamps.enqueued_ns;
  FrameCanvas frame("FRAME 2: accept() returns, and the drain happens", history.clock(at_ns));
  frame.begin_box("KERNEL");
  frame.line(listen_queue_title(history));
  frame.listen_queue(&first, without(history.in_kernel(at_ns), &first), "[empty]");
  frame.line("Active socket: " + socket_of(first), kHighlight);
  frame.line("  4-tuple " + first.record->peer.text() + " -> " + first.record->local.text());
  frame.end_box();
  frame.begin_box("APPLICATION (MetricStream)");
  draw_accept_loop(frame, "RETURNED " + std::to_string(first.record->fd),
                   "QUEUED fd=" + std::to_string(first.record->fd));
  frame.sockets("Connection queue:", history.in_queue(at_ns));
  frame.workers(history.in_service(at_ns), history.workers(), at_ns);
  frame.end_box();
  frame.line("DRAINED: " + name_of(first) + " moved from the kernel's queue into ours in " +
                 nanoseconds(stamps.accept_begin_ns, stamps.enqueued_ns) + ":",
             kHighlight, 0);
  frame.line("accept4 took " + nanoseconds(stamps.accept_begin_ns, stamps.accepted_ns) + ", the enqueue " +
                 nanoseconds(stamps.accepted_ns, stamps.enqueued_ns),
             {}, 0);
  return frame.render(colour);
}

std::string frame_3(const History& history, const History::Trio& trio, terminal::Colour colour) {
  const Passage& second = *trio[1];
  const uint64_t at_ns = second.record->stamps.enqueued_ns;
  FrameCanvas frame("FRAME 3: the accept loop is back at once for the next", history.clock(at_ns));
  frame.begin_box("KERNEL");
  frame.line(listen_queue_title(history));
  frame.listen_queue(&second, without(history.in_kernel(at_ns), &second), "[empty]");
  frame.line("Active sockets: [" + socket_of(*trio[0]) + "] [" + socket_of(second) + "] <- NEW", kHighlight);
  frame.end_box();
  frame.begin_box("APPLICATION (MetricStream)");
  draw_accept_loop(frame, "GOT " + std::to_string(second.record->fd), "QUEUED fd=" + std::to_string(second.record->fd));
  frame.sockets("Connection queue:", history.in_queue(at_ns));
  frame.workers(history.in_service(at_ns), history.workers(), at_ns);
  frame.end_box();
  frame.line("Two drains in " + nanoseconds(trio[0]->record->stamps.accept_begin_ns, at_ns) + "; the third, " +
                 name_of(*trio[2]) + ", at " + history.clock(trio[2]->record->stamps.enqueued_ns),
             kHighlight, 0);
  for (const Passage* one : trio) {
    frame.line(socket_of(*one) + ": worker " + std::to_string(one->record->worker) + " took it after " +
                   nanoseconds(one->record->stamps.enqueued_ns, one->record->stamps.taken_ns) + ", answered " +
                   nanoseconds(one->attempt->begun_ns, one->attempt->ended_ns) + " after connect",
               {.ink = Ink::kGrey}, 0);
  }
  return frame.render(colour);
}

std::string frame_4(const History& history, terminal::Colour colour) {
  const uint64_t at_ns = history.busiest_ns();
  const History::Passages serving = history.in_service(at_ns);
  const History::Passages queued = history.in_queue(at_ns);
  FrameCanvas frame("FRAME 4: the busiest moment of the run", history.clock(at_ns));
  frame.begin_box("KERNEL");
  const auto depth = history.depth_at(at_ns);
  frame.line(listen_queue_title(history) + " " +
             (depth ? figure(static_cast<double>(depth->depth)) + " waiting, seen " + nanoseconds(depth->at_ns, at_ns) +
                          " before"
                    : "not seen yet"));
  History::Passages active = serving;
  active.insert(active.end(), queued.begin(), queued.end());
  frame.sockets("Active sockets:", active);
  frame.end_box();
  frame.begin_box("APPLICATION (MetricStream)");
  frame.line("Accept loop: draining " + figure(history.drain_rate(at_ns)) + " connections a second");
  frame.line("Workers (" + std::to_string(history.workers()) + "), and for how long each has been at it:");
  frame.workers(serving, history.workers(), at_ns);
  frame.sockets("Connection queue:", queued);
  frame.end_box();
  return frame.render(colour);
}

}  // namespace

std::string draw_pool_frames(const History& history, terminal::Colour colour) {
  std::string text;
  if (const auto trio = history.find_trio()) {
    text += frame_1(history, *trio, colour) + "\n" + frame_2(history, *trio, colour) + "\n" +
            frame_3(history, *trio, colour) + "\n";
  } else {
    text += "Frames 1 to 3 need three connections, one right after the other, that were answered: there were none.\n\n";
  }
  return text + frame_4(history, colour);
}

std::string draw_inline_frame(const History& history, terminal::Colour colour) {
  const DepthSample deepest = history.deepest();
  const uint64_t at_ns = deepest.at_ns;
  const net::ListenQueue& queue = history.seen().listen_queue;
  FrameCanvas frame("THE OLD ARCHITECTURE, when its listen queue was deepest", history.clock(at_ns));
  frame.begin_box("KERNEL");
  frame.line(listen_queue_title(history) + " " + figure(static_cast<double>(deepest.depth)) + " waiting" +
                 (deepest.depth > queue.limit ? ": FULL, who comes now is dropped" : ""),
             {.ink = deepest.depth > queue.limit ? Ink::kRed : Ink::kDefault});
  const History::Passages waiting = history.in_kernel(at_ns);
  frame.listen_queue(nullptr, waiting, waiting.empty() ? "[empty]" : "... and so on");
  frame.end_box();
  frame.begin_box("APPLICATION (one thread)");
  const History::Passages serving = history.in_service(at_ns);
  frame.line("    while (running) {");
  frame.line("        int fd = accept4(listener, ...);");
  frame.line("  →     work(fd);  ← " + (serving.empty()
                                            ? std::string("between two connections")
                                            : socket_of(*serving.front()) + ", since " +
                                                  nanoseconds(serving.front()->record->stamps.taken_ns, at_ns)));
  frame.line("    }");
  frame.end_box();
  if (!waiting.empty()) {
    const Passage& next = *waiting.front();
    frame.line(name_of(next) + " is next, and has waited for " + nanoseconds(next.attempt->connected_ns, at_ns) +
                   ": all wait for one thread",
               {.ink = Ink::kGrey}, 0);
  }
  return frame.render(colour);
}

}  // namespace ms::drain
