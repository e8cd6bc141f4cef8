// ProgressLine: one line on stderr that is written over and over, and wiped out at the end; nothing where that is no
// screen.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>

#include "terminal/terminal.h"

namespace ms::terminal {

class ProgressLine {
 public:
  ProgressLine() : is_on_(is_screen(STDERR_FILENO)) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (is_on_) std::fputs("\r\033[K", stderr);
  }

  void show(const std::string& text) {
    if (is_on_) std::fprintf(stderr, "\r\033[K%s", text.c_str());
  }

 private:
  const bool is_on_;
};

}  // namespace ms::terminal
