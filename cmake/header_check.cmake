# The target header_check compiles each header alone (and twice, for its guard), so that no header leans on
# what its user happened to include before. Not part of `all`: tools/check builds it with both compilers.
set(header_check_sources "")
file(GLOB_RECURSE project_headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
     engine/*.hpp actors/*.hpp topologies/*.hpp connectors/*.hpp tools/*.hpp tests/*.hpp bench/*.hpp)
foreach (header IN LISTS project_headers)
  set(source "${PROJECT_BINARY_DIR}/header_check/${header}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"@header@\"\n#include \"@header@\"\n" @ONLY)
  list(APPEND header_check_sources "${source}")
endforeach ()
add_library(header_check OBJECT EXCLUDE_FROM_ALL ${header_check_sources})
# Only whether they compile is of interest, so without what makes compiling slow.
target_compile_options(header_check PRIVATE -O0 -g0 -fno-sanitize=all)
target_include_directories(header_check PRIVATE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(header_check PRIVATE SALLYPORT_BINARY_DIR="" SALLYPORT_SOURCE_DIR="")
target_link_libraries(header_check PRIVATE
  sallyport_warnings Threads::Threads CAF::core RocksDB::rocksdb-shared spdlog::spdlog yaml-cpp simdjson::simdjson
  prometheus-cpp::core CURL::libcurl date::date-tz CLI11::CLI11 httplib::httplib cjose::cjose nlohmann_json::nlohmann_json)
