# ccache and a quick linker where they are installed. The two settings make objects of one clone good for another.
find_program(SALLYPORT_CCACHE ccache)
if (SALLYPORT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
                                  "${SALLYPORT_CCACHE}")
endif ()
# gold, which comes with the compiler: twice as quick as the default. (mold 1.10, Debian 12's, wrote programs that the loader
# refused, as their protected segment began before its page, and without that segment it did not end.)
find_program(SALLYPORT_GOLD ld.gold)
if (SALLYPORT_GOLD)
  add_link_options(-fuse-ld=gold)
endif ()
