# How each folder of src/ becomes a library, its tests a program, and its fuzz targets programs.

add_library(ms_options INTERFACE)
target_compile_options(ms_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror=return-type
  -Wno-missing-field-initializers -Wnon-virtual-dtor -Wold-style-cast -fno-omit-frame-pointer)
# g++ 12 takes the copies inside std::string for overlapping or out of bounds.
target_compile_options(ms_options INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>)
target_include_directories(ms_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(MS_SANITIZE)
  target_compile_options(ms_options INTERFACE -fsanitize=${MS_SANITIZE} -fno-sanitize-recover=all -O1 -g1)
  target_link_options(ms_options INTERFACE -fsanitize=${MS_SANITIZE})
endif()
if(MS_FUZZ)
  target_compile_options(ms_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_package(Threads REQUIRED)
target_link_libraries(ms_options INTERFACE Threads::Threads)

# ms_library(storage MAY_INCLUDE base model SOURCES a.cc LIBRARIES XXH)
# The folders after MAY_INCLUDE are the only ones of src/ whose headers it may include; tests/include_rule.py checks it.
function(ms_library name)
  cmake_parse_arguments(ARG "" "" "MAY_INCLUDE;SOURCES;LIBRARIES" ${ARGN})
  add_library(ms_${name} STATIC ${ARG_SOURCES})
  list(TRANSFORM ARG_MAY_INCLUDE PREPEND ms_)
  target_link_libraries(ms_${name} PUBLIC ms_options ${ARG_MAY_INCLUDE} PRIVATE ${ARG_LIBRARIES})
endfunction()

# ms_test(storage SOURCES a_test.cc LIBRARIES ...): one program a folder, each of its tests a ctest entry. With
# ONE_THREAD it is left out under ThreadSanitizer, which has nothing to find there; with RUN_SERIAL no other test runs
# beside one of its own.
function(ms_test name)
  if(NOT MS_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "ONE_THREAD;RUN_SERIAL" "TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  if(ARG_ONE_THREAD AND MS_SANITIZE STREQUAL "thread")
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ms_options ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name}_test PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
  # Lets ccache keep what a precompiled header is part of.
  target_compile_options(${name}_test PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" RUN_SERIAL ${ARG_RUN_SERIAL})
endfunction()

# ms_fuzz(json_metrics json_metrics_fuzz.cc LIBRARIES ms_wire): a libFuzzer program under clang; elsewhere a program
# that replays the files and folders it is given, run over tests/corpus/<name> as an ordinary test. One thread.
function(ms_fuzz name source)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  if(MS_FUZZ)
    add_executable(fuzz_${name} ${source})
    target_link_libraries(fuzz_${name} PRIVATE ms_options ${ARG_LIBRARIES})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  elseif(MS_TESTS AND NOT MS_SANITIZE STREQUAL "thread")
    add_executable(replay_${name} ${source} ${PROJECT_SOURCE_DIR}/tests/replay_corpus.cc)
    target_link_libraries(replay_${name} PRIVATE ms_options ${ARG_LIBRARIES})
    add_test(NAME corpus.${name} COMMAND replay_${name} ${PROJECT_SOURCE_DIR}/tests/corpus/${name})
  endif()
endfunction()
