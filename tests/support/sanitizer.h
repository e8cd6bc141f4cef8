// Whether tests and server are built with a sanitizer: what it needs of time, memory and descriptors is then larger
// than what a test of load measures.
#pragma once

namespace ms::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace ms::test
