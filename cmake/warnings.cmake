# Warnings are errors, for our own code only.
add_library(sallyport_warnings INTERFACE)
target_compile_options(sallyport_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wnon-virtual-dtor
                                                    -Werror)
