# ccache and mold where they are installed.
find_program(SALLYPORT_CCACHE ccache)
if (SALLYPORT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SALLYPORT_CCACHE}")
endif ()
find_program(SALLYPORT_MOLD mold)
if (SALLYPORT_MOLD)
  add_link_options(-fuse-ld=mold)
endif ()
