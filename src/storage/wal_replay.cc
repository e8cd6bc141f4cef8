#include "storage/wal_replay.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace ms::storage {
namespace {

constexpr std::string_view kSuffix = ".wal";
constexpr uint64_t kProgressEveryNs = 1 * kNanosPerSecond;

std::optional<uint32_t> parse_segment_name(std::string_view name) {
  if (name.size() != 8 + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 8, number, 16);
  if (error != std::errc() || end != name.data() + 8) return std::nullopt;
  return number;
}

struct Segment {
  uint32_t number = 0;
  std::unique_ptr<File> file;
  SegmentScan scan;
  bool is_blank = false;  // prepared, and never begun
};

class Replayer {
 public:
  Replayer(FileSystem& files, const std::string& directory, EntryVisitor& visitor, const Logger& log)
      : files_(files), directory_(directory), visitor_(visitor), log_(log) {}

  Result<WalReplay> run() {
    // A process that was killed may have left names that are not durable yet.
    if (auto synced = files_.sync_directory(directory_); !synced) return std::unexpected(std::move(synced).error());
    auto numbers = list_segments();
    if (!numbers) return std::unexpected(std::move(numbers).error());
    if (!numbers->empty() && numbers->front() != 1) report_damage(1, 0, "the segment is missing");
    std::optional<Segment> current;
    for (const uint32_t number : *numbers) {
      auto next = read(number);
      if (!next) return std::unexpected(std::move(next).error());
      if (next->is_blank) {
        blanks_.push_back(std::move(*next));
        continue;
      }
      for (Segment& blank : std::exchange(blanks_, {})) advance(current, std::move(blank));
      advance(current, std::move(*next));
      log_progress(numbers->size());
    }
    if (auto finished = finish(current); !finished) return std::unexpected(std::move(finished).error());
    return std::move(replay_);
  }

 private:
  Result<std::vector<uint32_t>> list_segments() {
    auto names = files_.list(directory_);
    if (!names) return std::unexpected(std::move(names).error());
    std::vector<uint32_t> numbers;
    for (const std::string& name : *names) {
      if (const auto number = parse_segment_name(name)) numbers.push_back(*number);
    }
    std::ranges::sort(numbers);
    return numbers;
  }

  Result<Segment> read(uint32_t number) {
    const std::string path = segment_path(directory_, number);
    auto file = files_.open(path);
    if (!file) return std::unexpected(std::move(file).error());
    const auto size = (*file)->size();
    if (!size) return std::unexpected(size.error());
    bytes_.resize(*size);
    const auto got = (*file)->read_at(0, bytes_);
    if (!got) return std::unexpected(got.error());
    bytes_.resize(*got);
    Segment segment{.number = number,
                    .file = std::move(*file),
                    .scan = scan_segment(bytes_, number),
                    .is_blank = bytes_.find_first_not_of('\0') == std::string::npos};
    if (segment.scan.header && segment.scan.header->version != kWalVersion) {
      return fail(ErrorCode::kUnsupported, path + " has format version " +
                                               std::to_string(segment.scan.header->version) +
                                               "; this build reads version " + std::to_string(kWalVersion));
    }
    return segment;
  }

  // `intact_bytes`: a break below it is damage.
  void apply(const Segment& segment, uint32_t intact_bytes) {
    ++replay_.segments;
    for (const uint32_t offset : segment.scan.breaks) {
      if (offset < intact_bytes) report_damage(segment.number, offset, "checksum mismatch");
    }
    for (const ScannedCommit& commit : segment.scan.commits) {
      ++replay_.commits;
      if (auto decoded = decode_entries(commit.entries, visitor_); !decoded) {
        report_damage(segment.number, commit.begin, decoded.error().message);
      }
    }
  }

  // Makes `next` the current segment, and applies the one that was: how much of it was good is said in the next one's
  // header, or, where that is bad too, in the commits.
  void advance(std::optional<Segment>& current, Segment next) {
    if (current) {
      const bool is_next = next.number == current->number + 1;
      const auto& header = next.scan.header;
      apply(*current, is_next && header ? header->previous_intact_bytes
                                        : std::max(durable_bytes(*current, *current), durable_bytes(*current, next)));
      if (!is_next) report_damage(current->number + 1, 0, "the segment is missing");
    }
    current = std::move(next);
  }

  // How far `segment` was durable as told by the commits of `witness`; each knows what was when it was written.
  static uint32_t durable_bytes(const Segment& segment, const Segment& witness) {
    uint32_t bytes = 0;
    for (const ScannedCommit& commit : witness.scan.commits) {
      if (commit.durable.segment > segment.number) return segment.scan.end;
      if (commit.durable.segment == segment.number) bytes = std::max(bytes, commit.durable.offset);
    }
    return bytes;
  }

  Result<void> finish(std::optional<Segment>& last) {
    // Segments at the end that were prepared and never begun: the first one is the next, the others are prepared anew.
    std::unique_ptr<File> spare = blanks_.empty() ? nullptr : std::move(blanks_.front().file);
    if (!last) {
      replay_.resume = {.next_segment = spare ? blanks_.front().number : 1, .spare = std::move(spare)};
      return {};
    }
    const uint32_t durable = durable_bytes(*last, *last);
    apply(*last, durable);
    if (auto settled = settle(*last, durable); !settled) return settled;
    uint32_t intact_bytes = last->scan.end;
    for (const uint32_t offset : last->scan.breaks) {
      if (offset >= durable) intact_bytes = std::min(intact_bytes, offset);
    }
    // What was closed ends in an empty commit, and the only break above its durable position is the zeroes before it.
    const bool is_closed = !last->scan.commits.empty() && last->scan.commits.back().entries.empty();
    const bool is_torn = last->scan.has_torn_bytes || (!is_closed && intact_bytes < last->scan.end);
    replay_.resume = {.next_segment = spare ? blanks_.front().number : last->number + 1,
                      .previous_intact_bytes = intact_bytes,
                      .spare = std::move(spare),
                      .is_noted = !is_torn && (is_closed || last->scan.commits.empty())};
    if (is_torn) {
      log_.warn("the log ends in commits that a crash tore off before they were acknowledged",
                {{"file", segment_path(directory_, last->number)}, {"offset", intact_bytes}});
    }
    return {};
  }

  // Makes durable what was read of the last segment. It is written again first: after a failed sync the kernel has
  // pages that it calls clean and that the disk never got.
  static Result<void> settle(const Segment& last, uint32_t durable) {
    std::string bytes(last.scan.end - std::min(durable, last.scan.end), '\0');
    const auto got = last.file->read_at(durable, bytes);
    if (!got) return std::unexpected(got.error());
    if (auto written = last.file->write_at(durable, std::string_view(bytes).substr(0, *got)); !written) return written;
    return last.file->sync();
  }

  void report_damage(uint32_t segment, uint32_t offset, std::string_view what) {
    ++replay_.damaged_places;
    log_.error("damaged log", {{"file", segment_path(directory_, segment)}, {"offset", offset}, {"found", what}});
  }

  void log_progress(size_t segments) {
    const uint64_t now_ns = monotonic_ns();
    if (now_ns - logged_at_ns_ < kProgressEveryNs) return;
    logged_at_ns_ = now_ns;
    log_.info("replaying the log", {{"segments_done", replay_.segments}, {"segments", segments}});
  }

  FileSystem& files_;
  const std::string& directory_;
  EntryVisitor& visitor_;
  const Logger& log_;
  WalReplay replay_;
  std::string bytes_;            // of the segment read last; kept, or as much would be mapped and zeroed for each
  std::vector<Segment> blanks_;  // those read last
  uint64_t logged_at_ns_ = monotonic_ns();
};

}  // namespace

Result<WalReplay> replay_wal(FileSystem& files, const std::string& directory, EntryVisitor& visitor,
                             const Logger& log) {
  return Replayer(files, directory, visitor, log).run();
}

}  // namespace ms::storage
