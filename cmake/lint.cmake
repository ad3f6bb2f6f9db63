# Checks of the source itself that are quick enough to be tests.
find_program(SALLYPORT_PYTHON python3 REQUIRED)

add_test(NAME lint.layers COMMAND "${SALLYPORT_PYTHON}" "${PROJECT_SOURCE_DIR}/tools/lib/lint_layers.py")
add_test(NAME lint.layers_finds_violations
         COMMAND "${SALLYPORT_PYTHON}" "${PROJECT_SOURCE_DIR}/tests/tools/lint_layers_test.py")
add_test(NAME lint.format COMMAND "${PROJECT_SOURCE_DIR}/tools/lib/lint_format")
set_tests_properties(lint.layers lint.layers_finds_violations lint.format PROPERTIES TIMEOUT 60 LABELS lint)
