# The end-to-end tests: each program here starts the server as a process, some the real Prometheus beside it.

add_library(ms_test_support STATIC
  support/child_process.cc
  support/client_swarm.cc
  support/endpoint.cc
  support/http_client.cc
  support/http_reply.cc
  support/json_error.cc
  support/load_writer.cc
  support/loop_disk.cc
  support/metrics_page.cc
  support/peers.cc
  support/process_figures.cc
  support/prometheus_process.cc
  support/query_client.cc
  support/remote_protocol.cc
  support/series_map.cc
  support/server_process.cc
  support/socket.cc
  support/stored_series.cc)
target_include_directories(ms_test_support PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(ms_test_support PRIVATE
  MS_SERVER="$<TARGET_FILE:metricstream>" MS_PEERS_DIR="${PROJECT_SOURCE_DIR}/build/peers")
target_link_libraries(ms_test_support
  PUBLIC ms_options ms_base GTest::gtest
  PRIVATE ms_storage ms_wire ms_model simdjson::simdjson Snappy::snappy)
add_dependencies(ms_test_support metricstream)

ms_test(bench_command SOURCES bench_command_test.cc LIBRARIES ms_test_support ms_load simdjson::simdjson)
ms_test(main_job SOURCES main_job_test.cc LIBRARIES ms_test_support TIMEOUT 240)
ms_test(deploy SOURCES deploy_test.cc LIBRARIES ms_test_support simdjson::simdjson TIMEOUT 240)
target_compile_definitions(deploy_test PRIVATE MS_DEPLOY_DIR="${PROJECT_SOURCE_DIR}/deploy")
ms_test(disk SOURCES disk_fault_test.cc power_cut_test.cc LIBRARIES ms_test_support TIMEOUT 240)
ms_test(durability SOURCES durability_test.cc LIBRARIES ms_test_support)
ms_test(hostile_bodies SOURCES decompression_bomb_test.cc hostile_names_test.cc
  LIBRARIES ms_test_support PkgConfig::ZSTD ZLIB::ZLIB Snappy::snappy)
ms_test(front_door SOURCES front_door_test.cc http_test.cc state_stream_test.cc LIBRARIES ms_test_support PkgConfig::ZSTD ZLIB::ZLIB)
ms_test(door_limits SOURCES architecture_test.cc handover_test.cc refusal_test.cc LIBRARIES ms_test_support)
ms_test(hostile_clients SOURCES broken_clients_test.cc slow_clients_test.cc LIBRARIES ms_test_support)
ms_test(metrics_page SOURCES metrics_page_test.cc LIBRARIES ms_test_support)
ms_test(program SOURCES program_test.cc series_limit_test.cc troubleshooting_test.cc
  LIBRARIES ms_test_support simdjson::simdjson)
ms_test(operation SOURCES reload_test.cc self_record_test.cc service_manager_test.cc LIBRARIES ms_test_support)
ms_test(restart SOURCES restart_test.cc support/restart_load.cc LIBRARIES ms_test_support ms_load)
ms_test(watch_command SOURCES watch_command_test.cc LIBRARIES ms_test_support)

# Not a test, but made of the same parts: ./dev bench restart.
add_executable(restart_bench EXCLUDE_FROM_ALL restart_bench.cc support/restart_load.cc)
target_link_libraries(restart_bench PRIVATE ms_options ms_test_support ms_load)

# The same tests with --architecture=inline: all that need one request of a connection, and of nobody's patience. The rest is
# what that architecture cannot do: keep a connection alive, serve anyone beside a slow client, take a storm.
function(ms_test_inline name filter)
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}.inline." TEST_FILTER "${filter}" DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT 240 ENVIRONMENT MS_ARCHITECTURE=inline)
endfunction()
ms_test_inline(main_job "*")
ms_test_inline(durability "*-Stop.FinishesARequestWhoseEndComesAfterSigterm")
ms_test_inline(front_door "Http*:Listeners.*-*Pipelined*:*HeadIsAnswered*:*IsToldToSendItsBody:*WhereBodiesTakeAll*")
# Inline has no connection queue, and so nothing in the stages before and in it.
ms_test_inline(metrics_page "*-*CountsEachRequestInEachStage")
ms_test_inline(operation "*-*StandsStill*")
ms_test_inline(program "SeriesLimit.*:Limits.BelowTheMinimum*")

# The same tests with all their rounds and clients, one at a time: the tests of `./dev test --long`, which other runs leave
# out by their label. What they are about is load and time, so no sanitizer has them.
function(ms_test_long name filter)
  if(MS_SANITIZE)
    return()
  endif()
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}.long." TEST_FILTER "${filter}" DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT 1800 LABELS long RUN_SERIAL TRUE ENVIRONMENT MS_LONG=1)
endfunction()
ms_test_long(storage "*Sweep*:*Damage*")
ms_test_long(disk "*")
ms_test_long(durability "WalSync/*:Durability.*")
ms_test_long(hostile_clients "EarlyReplies.*")
ms_test_long(hostile_bodies "DecompressionBombs.ThatHide*")
ms_test_long(restart "*UnderLoad*")
ms_test_long(door_limits "Handover.UnderLoad*:Refusal.WithTwoHundred*")
