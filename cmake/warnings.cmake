# Warnings are errors, for our own code only.
add_library(sallyport_warnings INTERFACE)
target_compile_options(sallyport_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wnon-virtual-dtor
                                                    -Werror)
# libstdc++ 12's own stable_sort uses what it deprecates, which clang tells its user; g++ warns of our uses.
target_compile_options(sallyport_warnings INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
