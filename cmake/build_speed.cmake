# ccache and mold where they are installed. The two settings make objects of one clone good for another.
find_program(SALLYPORT_CCACHE ccache)
if (SALLYPORT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
                                  "${SALLYPORT_CCACHE}")
endif ()
find_program(SALLYPORT_MOLD mold)
if (SALLYPORT_MOLD)
  add_link_options(-fuse-ld=mold)
endif ()
