# Debian's cjose has no CMake package, and its pkg-config file asks for headers of jansson that are not needed.
find_path(CJOSE_INCLUDE_DIR cjose/cjose.h)
find_library(CJOSE_LIBRARY cjose)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(cjose REQUIRED_VARS CJOSE_INCLUDE_DIR CJOSE_LIBRARY)
if (cjose_FOUND AND NOT TARGET cjose::cjose)
  add_library(cjose::cjose UNKNOWN IMPORTED)
  set_target_properties(cjose::cjose PROPERTIES IMPORTED_LOCATION "${CJOSE_LIBRARY}")
endif ()
