# The page: its types, its modules, and the whole of it in a browser, against the server.
#
# Its sources are the same under every sanitizer, and a browser takes its own time: the ordinary build has these tests.
if(MS_SANITIZE)
  return()
endif()

set(web ${PROJECT_SOURCE_DIR}/web)
file(GLOB_RECURSE web_tests CONFIGURE_DEPENDS ${web}/src/*.test.js)
add_test(NAME web.types COMMAND ${NODE} ${web}/node_modules/typescript/bin/tsc --project ${web})
add_test(NAME web.modules COMMAND ${NODE} --test ${web_tests})

# They leave their screenshots in the build folder. Each says so, and is skipped, where there is no chromium.
add_test(NAME web.browser COMMAND ${NODE} ${CMAKE_CURRENT_SOURCE_DIR}/browser/page_test.mjs)
add_test(NAME web.browser.player COMMAND ${NODE} ${CMAKE_CURRENT_SOURCE_DIR}/browser/player_test.mjs)
add_test(NAME web.browser.experiment COMMAND ${NODE} ${CMAKE_CURRENT_SOURCE_DIR}/browser/experiment_test.mjs)
set_tests_properties(web.browser web.browser.player web.browser.experiment PROPERTIES
  LABELS browser RUN_SERIAL TRUE TIMEOUT 240 SKIP_RETURN_CODE 77
  ENVIRONMENT "MS_SERVER=$<TARGET_FILE:metricstream>;MS_SCREENSHOTS=${PROJECT_BINARY_DIR}/screenshots")
