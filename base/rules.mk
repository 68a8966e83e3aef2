$(eval $(call host_library,base,base/error.c base/memory.c base/map.c base/file.c base/child.c base/progress.c))
$(eval $(call unit_test,base,base_test,base,-linih -ljansson -lxxhash))
