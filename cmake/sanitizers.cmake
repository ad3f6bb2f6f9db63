# SALLYPORT_SANITIZE: a list for -fsanitize=, such as address,undefined or thread.
set(SALLYPORT_SANITIZE "" CACHE STRING "Sanitizers to build with")
if (SALLYPORT_SANITIZE)
  # A finding ends the program, or no test would fail. CAF 0.17's init_fun_factory trips the null check.
  add_compile_options(-fsanitize=${SALLYPORT_SANITIZE} -fno-sanitize=null -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SALLYPORT_SANITIZE})
endif ()
