# ccache and mold where they are installed. The two settings make objects of one clone good for another.
find_program(SALLYPORT_CCACHE ccache)
if (SALLYPORT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
                                  "${SALLYPORT_CCACHE}")
endif ()
find_program(SALLYPORT_MOLD mold)
if (SALLYPORT_MOLD)
  # mold 1.10 sometimes lets the read-only-after-relocation segment begin before the page that it protects; the loader
  # then refuses the program ("cannot apply additional memory protection after relocation").
  add_link_options(-fuse-ld=mold -Wl,-z,norelro)
endif ()
